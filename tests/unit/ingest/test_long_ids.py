"""Ids of any length could be sent, but they are keys of everything downstream: 1,024 bytes is the most."""

from typing import Any

import pytest

BASE = {"timestamp": "2026-11-21T11:00:00Z", "userId": "u", "anonymousId": "d", "messageId": "m"}
PLACES = [
    ("page", "userId"),
    ("page", "anonymousId"),
    ("page", "messageId"),
    ("alias", "previousId"),
    ("group", "groupId"),
    ("page", "groupId"),
]


@pytest.mark.parametrize(("kind", "name"), PLACES)
@pytest.mark.parametrize("long", ["x" * 1_025, "é" * 513, "😀" * 257, int("9" * 1_025)])
def test_a_longer_id_keeps_its_message_out(examine: Any, kind: str, name: str, long: object) -> None:
    """Told by name; the row in the quarantine does not repeat it, its original bytes do."""
    outcome = examine(BASE | {"type": kind, name: long})
    assert outcome.status == "quarantined"
    if isinstance(long, str):
        assert ["too large", name] in outcome.rules
        assert "1024 bytes" in outcome.messages[outcome.rules.index(["too large", name])]
    row = outcome.quarantined
    assert max(len(row.user_id), len(row.anonymous_id), len(row.message_id)) <= 36


@pytest.mark.parametrize(("kind", "name"), PLACES)
@pytest.mark.parametrize("long", ["x" * 1_024, "é" * 512, "😀" * 256])
def test_an_id_of_1024_bytes_is_kept_byte_for_byte(examine: Any, kind: str, name: str, long: str) -> None:
    """Counted in bytes, not in characters."""
    columns = {
        "userId": "user_id",
        "anonymousId": "anonymous_id",
        "messageId": "message_id",
        "previousId": "previous_id",
        "groupId": "group_id",
    }
    outcome = examine(BASE | {"type": kind, "previousId": "p", "groupId": "g", name: long})
    assert outcome.status == "stored"
    assert outcome.column(columns[name]) == long
