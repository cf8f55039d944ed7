"""Which webhook targets are safe: only public addresses, unless the receiver allows private ones.

Does not connect: it gives the one checked address to connect to, so that a name cannot point elsewhere afterwards.
"""

import socket
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from alerting.threads import in_own_thread
from schemas.target_hosts import is_private_host, is_public_address

_PRIVATE = "the host has a private address (allow_private is not set)"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_CONNECT_SECONDS = 3.0


class UnsafeTarget(Exception):
    """The URL is not one to send to; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked place: connect to one of `addresses` (in this order) at `port`, speak to `host`."""

    addresses: tuple[str, ...]
    port: int
    host: str
    authority: str
    path: str
    tls: bool


def check_url(url: str) -> tuple[str, int]:
    """Host and port of a URL that could be a target, before its name is looked up.

    Raises:
        UnsafeTarget: not http(s), no host, a bad port, credentials, or control characters.
    """
    if any(character <= " " or character == "\x7f" for character in url):
        raise UnsafeTarget("the URL holds spaces or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Its own words may repeat parts of the URL.
        raise UnsafeTarget("it is no URL") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise UnsafeTarget("only http and https are spoken")
    if not parts.hostname:
        raise UnsafeTarget("the URL names no host")
    if parts.username is not None:
        raise UnsafeTarget("credentials in the URL are refused")
    return parts.hostname, port or _DEFAULT_PORTS[parts.scheme]


async def resolve(url: str, allow_private: bool) -> Target:
    """Look the host up once and check every address it has.

    Raises:
        UnsafeTarget: see `check_url`; or any of the addresses is not public and `allow_private` is False.
        OSError: the name cannot be looked up now.
    """
    host, port = check_url(url)
    addresses = await checked_addresses(host, port, allow_private)
    parts = urlsplit(url)
    authority = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe="/?&=%:@!$'()*+,;~-._")
    return Target(addresses, port, host, authority, path, parts.scheme == "https")


async def checked_addresses(host: str, port: int, allow_private: bool) -> tuple[str, ...]:
    """Every address that a host has, each checked.

    Raises:
        UnsafeTarget: the name is none, or any of the addresses is not public and `allow_private` is False.
        OSError: the name cannot be looked up now.
    """
    if not allow_private and is_private_host(host):
        raise UnsafeTarget(_PRIVATE)
    try:
        found = await in_own_thread(_addresses, host, port)
    except UnicodeError:
        raise UnsafeTarget("the host is no valid name") from None
    addresses = tuple(dict.fromkeys(found))
    if not allow_private and not all(is_public_address(address) for address in addresses):
        raise UnsafeTarget(_PRIVATE)
    return addresses


def connect_seconds(timeout_seconds: float, addresses: int) -> float:
    """How long to wait for one of several addresses, so that one which does not answer leaves time for the others."""
    return min(_LONGEST_CONNECT_SECONDS, timeout_seconds / addresses)


def _addresses(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
