"""Which hosts lie on the public internet, by their spelling alone.

Does not look names up: whoever connects checks every address that a name has (`alerting.targets`).
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NO_HOSTS = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
"""Public to `ipaddress`, some only in older releases of it: protocol assignments (a cloud's metadata stands there),
6to4 relays, and the address at which Azure's machines reach their host."""

_DOCUMENTATION = IPv6Network("3fff::/20")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


def is_public_address(address: str) -> bool:
    """Whether an IP address lies on the public internet; IPv4 inside IPv6 (mapped, 6to4, NAT64, Teredo) counts as it.

    Multicast and reserved addresses are not public; of IPv6 only global unicast is.

    Raises:
        ValueError: it is no address.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NO_HOSTS)
    inner = _embedded(ip)
    if inner is not None and not is_public_address(str(inner)):
        return False
    return (
        ip.ipv4_mapped is not None
        or ip in _NAT64
        or (ip in _GLOBAL_UNICAST and ip not in _DOCUMENTATION and ip.is_global)
    )


def is_private_host(host: str) -> bool:
    """Whether a host is this machine or an address that is not public, in any spelling that resolvers take.

    A name is none, whatever it leads to; so are numbers that are no address.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return True
    address = address_of(name)
    return address is not None and not is_public_address(address)


def address_of(host: str) -> str | None:
    """The address that a host spells: dotted, IPv6, or the short, decimal, octal and hexadecimal forms of IPv4."""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return _loose_ipv4(host)


def _loose_ipv4(host: str) -> str | None:
    """As `inet_aton` reads it: `127.1`, `2130706433`, `0x7f.1`, `0177.0.0.1`."""
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        *first, last = (_number(part) for part in parts)
    except ValueError:
        return None
    if any(number > 0xFF for number in first) or last >= 1 << 8 * (5 - len(parts)):
        return None
    whole = last
    for place, number in enumerate(first):
        whole |= number << 8 * (3 - place)
    return str(IPv4Address(whole))


def _number(part: str) -> int:
    """Raises ValueError: an octal number with a 9."""
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") and len(part) > 1 else 10)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
