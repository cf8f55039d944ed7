"""Whose key a request carries, and what that key may do.

Does not read bodies: the key inside a body is handed in.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from ingest.rejections import Reason, Rejection

_REMEMBERED_HEADERS = 10_000
_REMEMBERED_HEADER_BYTES = 256


@dataclass(frozen=True, slots=True)
class Grant:
    """A known key. `source` names it (never the key itself); `secret` keys may also read and unite users.

    One that `watches` sends events of the self-watch, whatever it sends.
    """

    source: str
    secret: bool
    watches: bool = False


class KeyRing:
    """All keys, kept as digests, so that looking one up takes as long whatever was guessed right."""

    def __init__(self, write_keys: Mapping[str, str], secret_keys: Iterable[str], watch_key: str = "") -> None:
        """Without `watch_key` nobody watches."""
        self._grants = {_digest(key): Grant(source, False) for key, source in write_keys.items()}
        self._grants |= {_digest(key): Grant("secret", True) for key in secret_keys}
        if watch_key:
            self._grants.setdefault(_digest(watch_key), Grant("watch", False, watches=True))
        self._by_header: dict[bytes, Grant] = {}

    def by_header(self, authorization: bytes) -> Grant | None:
        """The grant of an `Authorization` header; None if it holds no key at all.

        Raises:
            Rejection: it holds a key that is not ours.
        """
        grant = self._by_header.get(authorization)
        if grant is None:
            key = _key_in_header(authorization)
            if not key:
                return None
            grant = self.by_key(key)
            if len(authorization) <= _REMEMBERED_HEADER_BYTES and len(self._by_header) < _REMEMBERED_HEADERS:
                self._by_header[authorization] = grant
        return grant

    def by_key(self, key: object) -> Grant:
        """The grant of a key from a body or a query string.

        Raises:
            Rejection: there is none, or it is not ours.
        """
        if not isinstance(key, str) or not key:
            raise Rejection(Reason.INVALID_KEY, "no key was sent; use Basic user name, Bearer or writeKey")
        grant = self._grants.get(_digest(key))
        if grant is None:
            raise Rejection(Reason.INVALID_KEY, "this key is not known here")
        return grant


def key_in_query(query: bytes) -> str:
    """`writeKey` of a query string (beacons cannot send headers), empty when there is none."""
    if b"writeKey=" not in query:
        return ""
    return parse_qs(query.decode("latin-1")).get("writeKey", [""])[0]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _key_in_header(authorization: bytes) -> str:
    """User name of Basic, token of Bearer; empty for anything else."""
    scheme, _, value = authorization.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip().decode("latin-1")
    if scheme.lower() != b"basic":
        return ""
    try:
        user = base64.b64decode(value.strip(), validate=True).partition(b":")[0]
    except binascii.Error:
        return "not base64"
    return user.decode("utf-8", "replace")
