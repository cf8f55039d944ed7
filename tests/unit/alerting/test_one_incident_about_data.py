"""Which of the built-in rules about the data wait for each other: one trouble is one incident."""

import pytest

from alerting.inhibition import Standing, waits_for
from alerting.states import RuleState, State
from schemas.data_rules import BUILT_IN

RULES = {rule.alert: rule for rule in BUILT_IN}

CASES: list[tuple[str, dict[str, str], str, list[str]]] = [
    ("nothing else is wrong", {}, "SelfWatchStopped", []),
    ("lag will be told soon", {"DataLate": "pending"}, "SelfWatchStopped", ["data/DataLate"]),
    ("lag was told", {"DataLate": "firing"}, "DataIncomplete", ["data/DataLate"]),
    ("lag waits for nobody", {"SelfWatchStopped": "firing", "DataIncomplete": "firing"}, "DataLate", []),
    ("two that wait do not wait for each other", {"DataIncomplete": "pending"}, "SelfWatchStopped", []),
    (
        "of two that wait, the first that is told is told",
        {"SelfWatchStopped": "firing"},
        "DataIncomplete",
        ["data/SelfWatchStopped"],
    ),
    ("nothing critical hides behind a warning", {"QuarantineSpike": "firing"}, "SelfWatchStopped", []),
    ("one that was told goes on", {"DataLate": "firing", "SelfWatchStopped": "firing"}, "SelfWatchStopped", []),
]


def standing(alert: str, state: str) -> RuleState:
    return RuleState(State(state), 0, alert_id="" if state == "pending" else f"incident of {alert}")


@pytest.mark.parametrize(("others", "alert", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_trouble_is_one_incident(others: dict[str, str], alert: str, expected: list[str]) -> None:
    """Who waits for whom, by where the others stand."""
    own = standing(alert, others[alert]) if alert in others else RuleState(State.INACTIVE, 0)
    inhibiting = [Standing(RULES[name], standing(name, state)) for name, state in others.items()]
    assert list(waits_for(RULES[alert], own, inhibiting)) == expected
