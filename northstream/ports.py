"""Listening sockets, opened before anything else starts, so that a taken port is told at once.

Does not serve: the sockets are handed to the processes, and stay open while those restart.
"""

import errno
import socket
import time

from northstream.failures import UserError

PORT_WAIT_SECONDS = 5.0
"""A start waits so long for the port of a predecessor that is ending."""

_BACKLOG = 2048
_PAUSE_SECONDS = 0.05


def listen(host: str, port: int, flag: str) -> socket.socket:
    """A listening TCP socket; port 0 takes any free one. `flag` names the setting in the advice.

    Raises:
        UserError: the port is taken, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UserError(_sentence(host, port, flag, error)) from error


def listen_patiently(host: str, port: int, flag: str, wait_seconds: float = PORT_WAIT_SECONDS) -> socket.socket:
    """As `listen`, after waiting for a predecessor to end. May raise UserError."""
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline and not is_free(host, port):
        time.sleep(_PAUSE_SECONDS)
    return listen(host, port, flag)


def _sentence(host: str, port: int, flag: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; stop the program that uses it, or choose another with {flag}"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has; choose one above 1023 with {flag}"
    return f"cannot listen on {host}:{port} ({error.strerror}); choose another address or port with --host and {flag}"


def is_free(host: str, port: int) -> bool:
    """Whether the port could be taken now."""
    try:
        listen(host, port, "").close()
    except UserError:
        return False
    return True


def bound_port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def reachable_host(host: str) -> str:
    """An address by which this machine reaches a listener on `host`, as a URL writes it."""
    if host in ("0.0.0.0", ""):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
