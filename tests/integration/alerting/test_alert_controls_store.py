"""Silences, acknowledgements and wishes in a real engine: as written, editions, once.

Does not act on them: see tests/unit/alerting/test_alert_controls.py.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.alert_controls import Acknowledgement, Matcher, Silence, Wish
from schemas.notes import Stamp
from warehouse.alert_controls import AlertControlsStore
from warehouse.client import Warehouse
from warehouse.migrate import migrate

NOW_MS = 1_795_341_600_123
HOSTILE = "'); DROP TABLE x -- <script>\n\t\\ {limit:UInt32} été 🎯"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse.embedded(tmp_path_factory.mktemp("controls"))
    migrate(warehouse)
    yield warehouse
    warehouse.close()


@pytest.fixture
def controls(engine: Warehouse) -> AlertControlsStore:
    return AlertControlsStore(engine)


def test_a_silence_lives_in_editions(controls: AlertControlsStore) -> None:
    """It comes back as written, once, the highest version of it, until it ends or is gone; the first to end first."""
    silence = Silence(
        Stamp("s1", 1, NOW_MS),
        (Matcher("alert", HOSTILE), Matcher("team", "é")),
        NOW_MS,
        NOW_MS + 60_000,
        "Ana",
        HOSTILE,
    )
    sooner = replace(silence, stamp=Stamp("s2", 1, NOW_MS), ends_ms=NOW_MS + 5_000)
    for each in (silence, silence, sooner):
        controls.append(each)
    assert controls.silences(NOW_MS) == [sooner, silence]
    assert controls.silences(NOW_MS + 5_000) == [silence]
    longer = replace(silence, stamp=Stamp("s1", 2, NOW_MS + 1), ends_ms=NOW_MS + 90_000)
    controls.append(longer)
    assert controls.silences(NOW_MS + 60_000) == [longer]
    controls.append(replace(longer, stamp=Stamp("s1", 3, NOW_MS + 2, is_gone=True)))
    assert controls.silences(NOW_MS) == [sooner]


def test_a_silence_that_cannot_be_read_silences_nothing(controls: AlertControlsStore, engine: Warehouse) -> None:
    """Rows written by hand are no reason to stop: neither those without matchers nor those with other things."""
    controls.append(Silence(Stamp("s9", 1, NOW_MS), (), NOW_MS, NOW_MS + 900_000))
    row = b'{"id": "s10", "version": 1, "written_at": "1795341600.123", "matchers": "[1]", "ends_ms": 1895341600123}'
    engine.insert_lines("alert_silence_rows", ["id", "version", "written_at", "matchers", "ends_ms"], row, {})
    assert controls.silences(NOW_MS + 90_000) == []


def test_the_first_acknowledgement_counts_and_a_wish_is_one(controls: AlertControlsStore) -> None:
    """Two people acknowledge the same incident: the earlier one has it. A wish that was written twice is one."""
    later, first = Acknowledgement("a", NOW_MS + 5, "Bo"), Acknowledgement("a", NOW_MS + 1, "Ana", HOSTILE)
    wishes = [Wish("w1", "test", "ops", NOW_MS), Wish("w2", "resend", "msg_a_firing", NOW_MS + 1, "ops", "Ana")]
    written: list[Acknowledgement | Wish] = [later, first, *wishes, wishes[0]]
    for control in written:
        controls.append(control)
    assert controls.acknowledgements(NOW_MS) == [first]
    assert controls.acknowledgements(NOW_MS + 6) == []
    assert controls.wishes(NOW_MS) == wishes
    assert controls.wishes(NOW_MS + 1) == wishes[1:]
