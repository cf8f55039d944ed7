"""Who may read: the secret key always for the API, and beyond loopback also for the pages.

Does not store keys: only their SHA-256 digests, compared in constant time.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Collection
from enum import Enum, auto

from starlette.requests import Request

from dashboard.failures import Failure, Reason
from dashboard.view_door import is_from_page, is_of_other_site
from schemas import loopback

PEER_HEADER = "x-northstream-peer"
"""The address of the real client, set by the collector's proxy, which removes any that a client sent."""

COOKIE = "northstream_board"
SESSION_SECONDS = 30 * 86_400
"""How long a board that was opened with the key stays open."""


class KeyKind(Enum):
    """What a presented key is."""

    SECRET = auto()
    WRITE = auto()
    UNKNOWN = auto()
    ABSENT = auto()


class Access:
    """The keys of an installation, and the sessions derived from them.

    Args:
        secret_keys: keys that may read; at least one.
        write_keys: public keys, known only to answer them with 403 rather than 401.
        clock: Unix milliseconds.

    Raises:
        ValueError: there is no secret key.
    """

    def __init__(self, secret_keys: Collection[str], write_keys: Collection[str], clock: Callable[[], int]) -> None:
        if not any(secret_keys):
            raise ValueError("the read API needs a secret key")
        self._secrets = [_digest(key) for key in secret_keys if key]
        self._writes = [_digest(key) for key in write_keys if key]
        self._clock = clock

    def kind_of(self, key: str | None) -> KeyKind:
        if not key:
            return KeyKind.ABSENT
        digest = _digest(key)
        if _among(digest, self._secrets):
            return KeyKind.SECRET
        return KeyKind.WRITE if _among(digest, self._writes) else KeyKind.UNKNOWN

    def require_secret_key(self, request: Request) -> None:
        """For the read API, wherever the caller is; a page that asks through the door needs a viewer only.

        Raises:
            Failure: 401 without a known key, 403 with a write key, or for a page of another site that writes.
        """
        if is_from_page(request):
            self.require_viewer(request)
            if is_of_other_site(request):
                raise Failure(Reason.FORBIDDEN, "only the pages of this installation write here; others use the API")
            return
        self._refuse_unless_secret(self.kind_of(_presented_key(request)))

    def require_viewer(self, request: Request) -> None:
        """For the data behind the pages: free on loopback, else the secret key or a session.

        Raises:
            Failure: 401 or 403, as for the API.
        """
        if not self.may_view(request):
            self._refuse_unless_secret(self.kind_of(_presented_key(request)))

    def may_view(self, request: Request) -> bool:
        if is_on_loopback(request):
            return True
        if self.kind_of(_presented_key(request)) is KeyKind.SECRET:
            return True
        return self._is_session(request.cookies.get(COOKIE, ""))

    def new_session(self) -> str:
        """A token for the cookie: its end (Unix seconds) and a MAC; the key cannot be learnt from it."""
        end = str(self._clock() // 1000 + SESSION_SECONDS)
        return f"{end}.{_session_mac(self._secrets[0], end)}"

    def _is_session(self, token: str) -> bool:
        end, _, mac = token.partition(".")
        if not (end.isascii() and end.isdigit() and len(end) <= 12 and mac.isascii()):
            return False
        if int(end) * 1000 <= self._clock():
            return False
        return _among(mac.encode(), [_session_mac(secret, end).encode() for secret in self._secrets])

    def _refuse_unless_secret(self, kind: KeyKind) -> None:
        if kind is KeyKind.WRITE:
            raise Failure(Reason.FORBIDDEN, "A write key may only send events; reading needs the secret key")
        if kind is not KeyKind.SECRET:
            word = "none was sent" if kind is KeyKind.ABSENT else "it is not known here"
            raise Failure(Reason.INVALID_KEY, f"Invalid API key: {word}; send `Authorization: Bearer <secret key>`")


def is_on_loopback(request: Request) -> bool:
    """The viewer sits on this machine, and its browser means this machine.

    The peer header counts only from the Unix socket (the framework knows no client address there).
    """
    peer = request.headers.get(PEER_HEADER) if request.client is None else request.client.host
    return loopback.is_on_loopback(peer, request.headers.get("host", ""), request.headers.keys())


def _presented_key(request: Request) -> str | None:
    """The key of `Authorization: Bearer`, or of Basic's user name, which is how the SDKs send theirs."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _among(candidate: bytes, known: Collection[bytes]) -> bool:
    """Compares with all of them, so that the time tells nothing."""
    return sum(hmac.compare_digest(candidate, each) for each in known) > 0


def _session_mac(secret_digest: bytes, end: str) -> str:
    return hmac.new(secret_digest, b"northstream board until " + end.encode(), hashlib.sha256).hexdigest()
