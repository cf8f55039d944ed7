"""What counts as a request from this machine, by those who let it in without a key.

Does not know frameworks: peer, `Host` and header names are handed in.
"""

from collections.abc import Iterable
from ipaddress import ip_address

FORWARDING_HEADERS = frozenset(
    ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
)
"""Headers (lower case) that proxies add: with any of them somebody else sits behind the connection."""


def is_on_loopback(peer: str | None, host: str, header_names: Iterable[str]) -> bool:
    """The caller sits on this machine, called it by a local name, and did not come through a proxy.

    `peer` None: a connection that only this machine can make. A `Host` that is a public name pointing here (DNS
    rebinding) is not taken for loopback: only addresses and names without a dot.
    """
    is_near = peer is None or is_loopback_address(peer)
    return is_near and is_local_name(host) and not came_through_proxy(header_names)


def came_through_proxy(header_names: Iterable[str]) -> bool:
    return any(name.lower() in FORWARDING_HEADERS for name in header_names)


def is_loopback_address(peer: str) -> bool:
    try:
        address = ip_address(peer.strip())
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_local_name(host: str) -> bool:
    """A `Host`, its port allowed: an address, a name without a dot, or one below `localhost`."""
    if host.startswith("["):
        return True
    name = host.rpartition(":")[0] or host
    if "." not in name or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
