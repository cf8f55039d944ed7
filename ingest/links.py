"""Links device → user: which messages make one, and which links are already in the log.

Does not decide which link wins: the device's partition does, by the order of its records.
"""

from collections.abc import Iterable

from xxhash import xxh3_128_digest

from schemas.identity import DEVICE_IS_JUNK, USER_IS_JUNK
from schemas.rows import EventRow

Link = tuple[str, str]
"""Device and user."""


def link_of(row: EventRow) -> Link | None:
    """The link that an accepted message makes.

    With a write key an alias names a device as its previous id; with the secret key it unites two users
    and links nothing.
    """
    if row.type == "alias":
        return None if row.secret else (row.previous_id, row.user_id)
    if row.user_id and row.anonymous_id and not row.junk & (USER_IS_JUNK | DEVICE_IS_JUNK):
        return row.anonymous_id, row.user_id
    return None


class AppendedLinks:
    """Links that this collector has itself appended durably, the latest of them.

    A link is remembered only after its append succeeded: a retry must not leave it out. Kept as digests of 16 bytes,
    since ids may be long.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, link: Link) -> bool:
        digest = _digest(link)
        return digest in self._young or digest in self._old

    def add(self, links: Iterable[Link]) -> None:
        self._young.update(map(_digest, links))
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()


def _digest(link: Link) -> bytes:
    """Of both ids, with the length of the first: an id may hold any character that could part them."""
    device, user = link
    return xxh3_128_digest(f"{len(device)}:{device}{user}".encode())
