"""Ids: which count as absent, how person ids are written, and their total order.

Does not decide who is linked to whom: see `stream.core.identity`.
"""

import re

JUNK_IDS = frozenset(
    ("", "null", "none", "nil", "undefined", "nan", "true", "false", "anonymous", "guest", "-1", "[object object]")
)
_ZEROES_AND_DASHES = re.compile(r"[0-]+\Z")

USER_IS_JUNK = 1
DEVICE_IS_JUNK = 2
PREVIOUS_IS_JUNK = 4
"""Bits of the `junk` field of an event row."""


def is_junk(identifier: str, extra: frozenset[str] = frozenset()) -> bool:
    """Junk ids count as absent everywhere (contracts §1).

    Trimmed and lower-cased: empty, one of a closed list, only zeroes and dashes, or in `extra`
    (the workspace's own, lower case).
    """
    plain = identifier.strip().lower()
    return plain in JUNK_IDS or _ZEROES_AND_DASHES.match(plain) is not None or plain in extra


def user_person(user_id: str) -> str:
    return "u:" + user_id


def device_person(anonymous_id: str) -> str:
    return "d:" + anonymous_id


def person_rank(person_id: str) -> tuple[bool, bytes]:
    """Sort key of the total order in which persons move: users before devices, then UTF-8 bytes.

    A merge always moves to the smaller rank.
    """
    return (person_id[0] == "d", person_id.encode())
