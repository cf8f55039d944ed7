"""How the text of a setting becomes its value; each raises ValueError with the reason where it cannot.

Does not know which setting it reads: see `northstream.settings`.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]")
_LONGEST_PREFIX = 200
"""Characters; a topic's name may have 249."""


def read_port(text: str) -> int:
    """A TCP port; 0 lets the system choose."""
    if not text.isdecimal() or int(text) > 65_535:
        raise ValueError("a port is a number from 0 to 65535")
    return int(text)


def read_size(text: str) -> int:
    """A whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("it must be a whole number of 1 or more")
    return int(text)


def read_count(text: str) -> int:
    """A whole number of 0 or more."""
    if not text.isdecimal():
        raise ValueError("it must be a whole number of 0 or more")
    return int(text)


def read_key(text: str) -> str:
    """A key travels as an HTTP user name, so that it must be plain and have no colon."""
    if text and not (text.isascii() and text.isprintable() and not set(text) & set(" :")):
        raise ValueError("a key is printable ASCII without spaces and colons")
    return text


def read_brokers(text: str) -> str:
    """Brokers as `host:port`, with commas between them."""
    brokers = [part.strip() for part in text.split(",") if part.strip()]
    for broker in brokers:
        host, _, port = broker.rpartition(":")
        if not _HOST.fullmatch(host) or not port.isdecimal() or not 0 < int(port) <= 65_535:
            raise ValueError("brokers are written host:port, with commas between them")
    return ",".join(brokers)


def read_topic_prefix(text: str) -> str:
    """A prefix that Kafka takes in the name of a topic."""
    if len(text) > _LONGEST_PREFIX or not re.fullmatch(r"[A-Za-z0-9._-]*", text):
        raise ValueError(f"it may have letters, digits, dots, hyphens and underscores, at most {_LONGEST_PREFIX}")
    return text


def read_server_url(text: str) -> str:
    """The address of a server over HTTP; empty for none."""
    if not text:
        return text
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError("a server is written http://host:8123 or https://host:8443")
    return text.rstrip("/")


def read_cluster_name(text: str) -> str:
    """The name of a ClickHouse cluster, or a macro for it."""
    if not re.fullmatch(r"[A-Za-z0-9_.{}-]*", text):
        raise ValueError("a cluster's name has letters, digits, dots, hyphens and underscores")
    return text


def read_path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def read_optional_path(text: str) -> Path | None:
    return read_path(text) if text else None


def read_level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError("it must be debug, info, warning or error")
    return text.lower()
