"""The process that speaks to one service through Apprise, walled in: `python -m alerting.apprise_child`.

Reads one JSON object from its input and writes one to its output. Does not log, does not start programs, and ends by
itself when its time is over. See docs/decisions/0705-apprise-in-a-process-of-its-own.md.

In: `{"url", "title", "text", "html", "mood", "allow_private", "seconds"}`. Out: `{"taken", "detail", "retry_after"}`.
"""

import contextlib
import ctypes
import ipaddress
import json
import logging
import os
import resource
import signal
import sys
from typing import Any

from schemas.target_hosts import is_public_address

_PR_SET_PDEATHSIG = 1

_MEMORY_BYTES = 1 << 30
"""Answers are read whole by Apprise, however long they are."""

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
)
_SYSTEM_LOG = "syslog.syslog"
"""Speaks to a socket of this machine behind Python's back, and nobody knows whether anyone listens."""


class Refused(OSError):
    """A plugin wants to go where it may not."""


class Wall:
    """Looks at each connection as it is made: an audit hook cannot be removed or walked around by Python code.

    `last_refusal`: why the last one was refused; empty if none was.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.last_refusal = ""

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raises Refused: a private address, no IP address (a name could mean another one), a program, syslog."""
        if event in _CONNECTS:
            self._check(arguments[1])
        elif event in _PROGRAMS:
            self._refuse("it would start a program")
        elif event == _SYSTEM_LOG:
            self._refuse("it would use a socket of this machine")

    def _check(self, address: Any) -> None:
        if address is None:
            # sendmsg over a connection that was looked at when it was made.
            return
        if not isinstance(address, tuple) or not isinstance(address[0], str):
            self._refuse("it would use a socket of this machine")
        try:
            ipaddress.ip_address(address[0].partition("%")[0])
        except ValueError:
            self._refuse("it would connect by a name that was not looked up")
        if not self._allow_private and not is_public_address(address[0]):
            self._refuse("the host has a private address (allow_private is not set)")

    def _refuse(self, why: str) -> None:
        self.last_refusal = why
        raise Refused(why)


class Answers:
    """Refuses redirects, and keeps the last status and `Retry-After` that a service answered over HTTP."""

    def __init__(self) -> None:
        self.status = 0
        self.retry_after = ""

    def watch(self) -> None:
        """Put itself between Apprise and `requests`."""
        import requests

        send = requests.Session.send

        def watched(session: Any, request: Any, **options: Any) -> Any:
            response = send(session, request, **options)
            self.status = response.status_code
            self.retry_after = response.headers.get("Retry-After", "")
            return response

        requests.Session.send = watched  # type: ignore[method-assign, assignment]
        requests.Session.get_redirect_target = lambda _session, _response: None  # type: ignore[method-assign, assignment]


def main() -> None:
    """Try once and say what came of it."""
    asked = json.load(sys.stdin)
    die_with_parent()
    # A parent that died where the kernel does not tell cannot end it.
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
    # Some systems know no such limit.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    logging.disable(logging.CRITICAL)
    answer_to = os.dup(sys.stdout.fileno())
    # What a plugin prints is nobody's business.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with os.fdopen(answer_to, "w") as answer:
        json.dump(_try(asked), answer)


def die_with_parent() -> None:
    """By the kernel's signal, where there is one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _try(asked: dict[str, Any]) -> dict[str, Any]:
    import apprise

    answers, wall = Answers(), Wall(asked["allow_private"])
    answers.watch()
    asset = apprise.AppriseAsset(storage_mode="memory", async_mode=False, secure_logging=True)
    service = apprise.Apprise(asset=asset)
    sys.addaudithook(wall.hook)
    if not service.add(asked["url"]):
        return {"taken": False, "detail": wall.last_refusal or "Apprise does not know such a URL", "retry_after": ""}
    taken = bool(service.notify(body=asked["text"], title=asked["title"], notify_type=asked["mood"]))
    return {"taken": taken, "detail": _detail(taken, answers, wall), "retry_after": answers.retry_after}


def _detail(taken: bool, answers: Answers, wall: Wall) -> str:
    """What can be told: statuses and reasons, never what a service or a library says (it may hold the URL)."""
    if taken:
        return ""
    if wall.last_refusal:
        return wall.last_refusal
    if 300 <= answers.status < 400:
        return f"HTTP {answers.status}: redirects are not followed"
    if answers.status:
        return f"the service does not take it (last answer: HTTP {answers.status})"
    return "the service does not take it, or there is no connection"


if __name__ == "__main__":
    main()
