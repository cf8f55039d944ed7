"""Reads the ids of a message: strings byte for byte, integers as decimal strings, junk marked (contracts §1, Ids).

Does not link or route by them: see `ingest.links` and `ingest.sorting`.
"""

import string
from typing import Any

from ingest.arrival import Arrival
from ingest.findings import Findings, found, type_name
from ingest.message_ids import mint
from ingest.messages import Item
from schemas.identity import DEVICE_IS_JUNK, JUNK_IDS, PREVIOUS_IS_JUNK, USER_IS_JUNK, is_junk
from schemas.rows import EventRow
from schemas.violations import Rule

_MOST_BYTES = 1024
"""The longest id, in UTF-8. Ids are keys of everything downstream; real ones are below 100."""
_SURELY_SHORT = _MOST_BYTES // 4
"""As many characters never take more bytes than that."""

_NO_USABLE_ID = (found(Rule.MISSING_REQUIRED, "userId", "needs a usable userId or anonymousId"),)
_ALIAS_USER = found(Rule.MISSING_REQUIRED, "userId", "alias needs a usable userId")
_ALIAS_PREVIOUS = found(Rule.MISSING_REQUIRED, "previousId", "alias needs a usable previousId")
_GROUP = found(Rule.MISSING_REQUIRED, "groupId", "group needs a usable groupId")


class IdReader:
    """Two steps of the list. Most ids are known by how they start to be no junk, which spares them a closer look."""

    def __init__(self, extra_junk: frozenset[str]) -> None:
        self._extra = extra_junk
        self._clean_starts = _clean_starts(JUNK_IDS | extra_junk)

    def take(self, item: Item, row: EventRow, _: Arrival) -> Findings | None:
        """All ids; at least one must be usable, for alias and group certain ones."""
        findings: Findings = ()
        clean, extra, junk = self._clean_starts, self._extra, 0
        user, device = item.user_id, item.anonymous_id
        if user is not None:
            if user.__class__ is not str or len(user) > _SURELY_SHORT:
                user, findings = _as_text(user, "userId", findings)
            row.user_id = user
            if user[:2] not in clean and is_junk(user, extra):
                junk = USER_IS_JUNK
        if device is not None:
            if device.__class__ is not str or len(device) > _SURELY_SHORT:
                device, findings = _as_text(device, "anonymousId", findings)
            row.anonymous_id = device
            if device[:2] not in clean and is_junk(device, extra):
                junk |= DEVICE_IS_JUNK
        row.junk = junk
        if row.type == "alias":
            return self._take_alias(item, row, findings)
        if (user is None or junk & USER_IS_JUNK) and (device is None or junk & DEVICE_IS_JUNK):
            findings += _NO_USABLE_ID
        if item.group_id is not None or row.type == "group":
            findings = self._take_group(item, row, findings)
        return findings

    def take_message_id(self, item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
        """The client's own id; a new one when it is absent, junk or none that can be kept."""
        own, findings = item.message_id, None
        if own is not None:
            if own.__class__ is not str or len(own) > _SURELY_SHORT:
                own, findings = _as_text(own, "messageId", ())
            if own[:2] in self._clean_starts or not is_junk(own, self._extra):
                row.message_id = own
                return findings
        row.message_id = mint(arrival.received_ms)
        return findings

    def _take_alias(self, item: Item, row: EventRow, findings: Findings) -> Findings:
        if not row.user_id or row.junk & USER_IS_JUNK:
            findings = (*findings, _ALIAS_USER)
        if item.previous_id is not None:
            row.previous_id, findings = _as_text(item.previous_id, "previousId", findings)
        if is_junk(row.previous_id, self._extra):
            row.junk |= PREVIOUS_IS_JUNK
            findings = (*findings, _ALIAS_PREVIOUS)
        return findings

    def _take_group(self, item: Item, row: EventRow, findings: Findings) -> Findings:
        if item.group_id is not None:
            row.group_id, findings = _as_text(item.group_id, "groupId", findings)
        if row.type == "group" and is_junk(row.group_id, self._extra):
            findings = (*findings, _GROUP)
        return findings


def _clean_starts(junk: frozenset[str]) -> frozenset[str]:
    """Pairs of characters with which no junk id starts.

    Only ASCII letters and digits come first: others may be white space, or have a lower case that is ASCII.
    """
    starts = {start[:2] for start in junk} | {"00", "0-"}
    alphanumeric = string.ascii_letters + string.digits
    pairs = (first + second for first in alphanumeric for second in alphanumeric + "-_")
    return frozenset(pair for pair in pairs if pair.lower() not in starts)


def _as_text(value: Any, name: str, findings: Findings) -> tuple[str, Findings]:
    """An id as text; empty with a finding if it is neither a string nor an integer, or too long."""
    if value.__class__ is int:
        value = str(value)
    if value.__class__ is str:
        if len(value) <= _SURELY_SHORT or len(value.encode()) <= _MOST_BYTES:
            return value, findings
        return "", (*findings, found(Rule.TOO_LARGE, name, f"an id holds at most {_MOST_BYTES} bytes"))
    return "", (*findings, found(Rule.WRONG_TYPE, name, f"must be a string or an integer, is {type_name(value)}"))
