"""The independent reference against cases worked out by hand."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from reference.messages import Sent, accept, instant_ms
from reference.numbers import Definitions, Funnel, Numbers, count, earliest_copies

_CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "reference_numbers.yaml").read_text())
_BY_DAY = ("dau", "wau", "mau", "stickiness", "signups", "activated", "activation_rate", "activations")


def requests_of(case: dict[str, Any]) -> list[Sent]:
    sent = []
    for request in case["requests"]:
        body = {name: value for name, value in request.items() if name in ("batch", "sentAt")}
        received = instant_ms(request["received"])
        assert received is not None
        sent.append(Sent(body, received, request.get("secret", False)))
    return sent


def definitions_of(case: dict[str, Any]) -> Definitions:
    changed = dict(case.get("definitions", {}))
    if "funnels" in changed:
        changed["funnels"] = tuple(
            Funnel(funnel["id"], funnel["window_ms"], tuple(funnel["steps"])) for funnel in changed["funnels"]
        )
    return Definitions(**changed)


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_the_reference_counts_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    """Each case states one rule of the contract; the reference must be right before anything is held against it."""
    requests, definitions = requests_of(case), definitions_of(case)
    numbers = count(requests, definitions)
    for name, expected in case["expect"].items():
        assert _CHECKS[name](numbers, requests, definitions, expected) == expected, name


def by_day(name: str) -> Any:
    def nonzero(numbers: Numbers, *_: Any) -> dict[date, float]:
        return {day: value for day, value in getattr(numbers, name).items() if value}

    return nonzero


def some_mau(numbers: Numbers, _: Any, __: Any, expected: dict[date, int]) -> dict[date, int]:
    return {day: numbers.mau.get(day, 0) for day in expected}


def occurred(_: Any, requests: list[Sent], *__: Any) -> dict[str, str]:
    found = {}
    for message in earliest_copies(accept(requests).messages):
        moment = datetime.fromtimestamp(message.occurred_ms // 1000, UTC)
        fraction = f".{message.occurred_ms % 1000:03d}" if message.occurred_ms % 1000 else ""
        found[message.message_id] = moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
    return found


def persons_reaching(numbers: Numbers, _: Any, definitions: Definitions, *__: Any) -> dict[str, list[int]]:
    whole = (date.min, date.max)
    return {funnel.id: numbers.funnel_persons(funnel, *whole) for funnel in definitions.funnels}


_CHECKS = {
    **{name: by_day(name) for name in _BY_DAY},
    "some_mau": some_mau,
    "occurred": occurred,
    "persons": lambda numbers, *_: numbers.persons_of_messages,
    "persons_reaching": persons_reaching,
    "entries": lambda numbers, *_: numbers.entries,
    "quarantined": lambda numbers, *_: numbers.quarantined,
    "duplicates": lambda numbers, *_: numbers.duplicates,
}
