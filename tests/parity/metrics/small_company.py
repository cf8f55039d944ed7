"""A small random company for comparing two ways of counting: merges, copies, late events, groups, clocks that change.

Does not count anything.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

TIMEZONE = "Europe/Paris"
NOW = datetime(2025, 11, 20, 11, 30, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
DAYS = 75
"""Back from now; on 26 October the clocks change."""

HOUR_MS = 3_600_000

EVENTS = (
    *("Project Created",) * 4,
    *("Task Completed",) * 8,
    *("Feature Used",) * 5,
    *("Ticket Opened",) * 2,
    *("Ticket Resolved",) * 2,
    *("Account Created",) * 2,
    *("Survey Answered",) * 2,
    "Subscription Started",
    "Subscription Upgraded",
)


@dataclass(frozen=True)
class Message:
    """One copy of a message. `person` is what its own ids say."""

    id: str
    type: str
    event: str
    user_id: str
    anonymous_id: str
    at_ms: int
    group_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def person(self) -> str:
        return f"u:{self.user_id}" if self.user_id else f"d:{self.anonymous_id}"

    @property
    def line(self) -> str:
        """The row that the loader inserts."""
        row = {
            "message_id": self.id,
            "type": self.type,
            "event": self.event,
            "user_id": self.user_id,
            "anonymous_id": self.anonymous_id,
            "group_id": self.group_id,
            "occurred_ms": self.at_ms,
            "received_ms": self.at_ms + 500,
            "properties": self.properties,
            "traits": self.traits,
            "context": self.context,
        }
        return json.dumps(row)


@dataclass(frozen=True)
class Company:
    """`messages`: every copy, in the order of arrival. `united`: by id of a person, who that is now."""

    messages: list[Message]
    united: dict[str, str]


def random_company(seed: int, people: int = 22, messages: int = 900) -> Company:
    """The same for the same seed."""
    random = Random(seed)
    sent = [_message(random, number, people) for number in range(messages)]
    copies = [_copy(random, one) for one in sent if random.random() < 0.15]
    arrived = sent + copies
    random.shuffle(arrived)
    united = {f"d:dev{number}": f"u:user{number:02}" for number in range(people) if number % 4}
    for number in range(0, people - 1, 7):
        target = f"u:user{number:02}"
        united |= dict.fromkeys((f"u:user{number + 1:02}", f"d:dev{number + 1}", f"d:dev{number}"), target)
    return Company(arrived, united)


def _message(random: Random, number: int, people: int) -> Message:
    person = min(random.randrange(people), random.randrange(people))
    kind = random.choices(("track", "page", "screen", "identify", "group"), (70, 18, 3, 5, 4))[0]
    is_known = random.random() < 0.6 or kind == "group"
    return Message(
        id=f"m{number}",
        type=kind,
        event=random.choice(EVENTS) if kind == "track" else "",
        user_id=f"user{person:02}" if is_known else "",
        anonymous_id=f"dev{person}",
        at_ms=_moment(random),
        group_id=_group(random, kind, person),
        properties=_properties(random) if kind in ("track", "page", "screen") else {},
        traits=_traits(random) if kind in ("identify", "group") else {},
        context=_context(random),
    )


def _moment(random: Random) -> int:
    """Often in bursts, sometimes in the same millisecond, sometimes at midnight in Paris, seldom long ago."""
    day = NOW - timedelta(days=int(random.triangular(0, DAYS, 5)))
    if random.random() < 0.15:
        midnight = day.astimezone(ZoneInfo(TIMEZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
        return min(round(midnight.timestamp() * 1000) + random.choice((-1, 0, 1, 999)), NOW_MS)
    minutes = random.choice((8, 9, 14, 20)) * 60 + random.choice((0, 5, 29, 30, 31, 59, 60))
    moment = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)
    return min(round(moment.timestamp() * 1000), NOW_MS)


def _copy(random: Random, message: Message) -> Message:
    """Copies differ in their times alone; the earliest counts."""
    shift = random.choice((0, 1, HOUR_MS, 26 * HOUR_MS, 24 * 9 * HOUR_MS, -HOUR_MS, -25 * HOUR_MS))
    return Message(**{**message.__dict__, "at_ms": min(message.at_ms + shift, NOW_MS)})


def _group(random: Random, kind: str, person: int) -> str:
    if kind == "group":
        return f"acme{person % 5}" if random.random() < 0.85 else "other"
    return random.choice(("acme1", "acme9")) if random.random() < 0.05 else ""


def _properties(random: Random) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "feature": random.choice(("board", "report", "export", None)),
        "score": random.randint(0, 10),
        "amount": random.choice((9.99, "12.50", 100, "none", 0.1, None, True)),
        "ticket": random.choice(("t1", "t2", "t3", "t4", "t5", 6)),
        "plan": random.choice(("pro", "team")),
    }
    if random.random() < 0.2:
        properties["channel"] = random.choice(("fair", "partner"))
    return {name: value for name, value in properties.items() if random.random() < 0.8}


def _traits(random: Random) -> dict[str, Any]:
    traits = {
        "plan": random.choice(("free", "pro")),
        "country": random.choice(("FR", "DE", None)),
        "role": random.choice(("owner", "member")),
        "industry": random.choice(("media", "retail")),
        "size": random.choice((10, "11-50")),
    }
    return {name: value for name, value in traits.items() if random.random() < 0.6}


def _context(random: Random) -> dict[str, Any]:
    return random.choice(
        (
            {},
            {"campaign": {"source": "google", "medium": "cpc"}},
            {"campaign": {"name": "launch"}},
            {"referrer": {"type": "organic"}},
        )
    )
