"""What the reference makes of what was answered 200, however often it was tried.

Imports nothing of the product and asks it for nothing but the times at which it says messages occurred: when a
collector received a message nobody else knows. Those are held against the bounds that the client's clock sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reference.messages import Accepted, Sent, accept, occurred_ms
from system.cluster.traffic import Attempt, Delivery


@dataclass(slots=True)
class Bounds:
    """The earliest and the latest time at which a message can have occurred, all copies considered; Unix ms."""

    earliest_ms: int
    latest_ms: int


@dataclass
class Expected:
    """What must be there. `quarantined`: ids of refused messages that have one.

    `most_accepted` and `most_quarantined` count attempts that were not answered too: they may have been stored.
    """

    accepted: Accepted
    bounds: dict[str, Bounds]
    quarantined: set[str] = field(default_factory=set)
    most_accepted: int = 0
    most_quarantined: int = 0
    surprises: list[str] = field(default_factory=list)


def expect(deliveries: Sequence[Delivery]) -> Expected:
    """Everything that follows from these deliveries alone."""
    expected = Expected(accept([_as_answered(delivery) for delivery in deliveries]), {})
    for delivery in deliveries:
        found = accept([_as_answered(delivery)])
        if (len(found.messages), found.quarantined) != (delivery.accepted, delivery.quarantined):
            expected.surprises.append(
                f"accepted {delivery.accepted}, quarantined {delivery.quarantined}, not {len(found.messages)} and"
                f" {found.quarantined}: {delivery.attempts[-1].body}"
            )
        expected.most_accepted += len(found.messages) * len(delivery.attempts)
        expected.most_quarantined += found.quarantined * len(delivery.attempts)
        accepted_ids = {message.message_id for message in found.messages}
        for place, item in enumerate(_items(delivery.attempts[-1].body)):
            if not isinstance(item, dict):
                continue
            if item["messageId"] in accepted_ids:
                _narrow(expected.bounds, item["messageId"], delivery, place)
            else:
                expected.quarantined.add(item["messageId"])
    return expected


def with_times(expected: Expected, shown_ms: Mapping[str, int]) -> tuple[Accepted, list[str]]:
    """The expected messages at the times at which they are said to have occurred; what cannot be."""
    wrong = [
        f"{message_id} occurred at {shown_ms[message_id]}, not within {bounds}"
        for message_id, bounds in expected.bounds.items()
        if message_id in shown_ms and not bounds.earliest_ms <= shown_ms[message_id] <= bounds.latest_ms
    ]
    messages = [
        replace(message, occurred_ms=shown_ms.get(message.message_id, message.occurred_ms))
        for message in expected.accepted.messages
    ]
    return Accepted(messages, expected.accepted.quarantined), wrong


def _as_answered(delivery: Delivery) -> Sent:
    last = delivery.attempts[-1]
    return Sent(last.body, last.began_ms, delivery.secret)


def _items(body: dict[str, Any]) -> list[Any]:
    return list(body.get("batch", [body]))


def _narrow(bounds: dict[str, Bounds], message_id: str, delivery: Delivery, place: int) -> None:
    """Any attempt may have made the copy that counts; the one that was answered surely made one."""
    answered = delivery.attempts[-1]
    earliest_ms = min(_occurred_ms(attempt, place, attempt.began_ms) for attempt in delivery.attempts)
    latest_ms = _occurred_ms(answered, place, answered.ended_ms)
    known = bounds.setdefault(message_id, Bounds(earliest_ms, latest_ms))
    known.earliest_ms = min(known.earliest_ms, earliest_ms)
    known.latest_ms = min(known.latest_ms, latest_ms)


def _occurred_ms(attempt: Attempt, place: int, received_ms: int) -> int:
    return occurred_ms(_items(attempt.body)[place], Sent(attempt.body, received_ms))
