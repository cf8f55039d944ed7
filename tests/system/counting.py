"""A small independent count of every number, straight from the definitions; slow, and short enough to check by eye.

Takes what the warehouse says is stored; who is who it works out itself, from what was sent.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from system.company import CORE_ACTIONS
from system.running import NorthStream
from system.sending import Message

_WEEK_MS = 7 * 86_400_000
_FUNNEL = ("Pricing Viewed", "Account Created", "Project Created", "Subscription Started")
_ACTIVE = ("track", "page", "screen")

Numbers = dict[str, dict[date, int]]


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of `events_resolved`; times in Unix ms."""

    message_id: str
    type: str
    event: str
    person_id: str
    occurred_ms: int
    received_ms: int


def stored_events(running: NorthStream) -> list[Stored]:
    rows = running.sql(
        "SELECT message_id, type, event, person_id, toString(toUnixTimestamp64Milli(occurred_at)),"
        " toString(toUnixTimestamp64Milli(received_at)) FROM northstream.events_resolved"
    )
    return [Stored(row[0], row[1], row[2], row[3], int(row[4]), int(row[5])) for row in rows]


def persons_of(sent: Iterable[Message], stored: set[str]) -> dict[str, str]:
    """Message id → person, by what was sent and is stored. Messages of one device come in their order."""
    happened = [message for message in sent if message["messageId"] in stored]
    roots: dict[str, str] = {}

    def root(user: str) -> str:
        while user in roots:
            user = roots[user]
        return user

    owner: dict[str, str] = {}
    for message in happened:
        if message["type"] == "alias":
            one, other = sorted((root(message["previousId"]), root(message["userId"])), key=str.encode)
            if one != other:
                roots[other] = one
        elif "userId" in message and "anonymousId" in message:
            owner.setdefault(message["anonymousId"], message["userId"])

    def person(message: Message) -> str:
        user = message.get("userId") or owner.get(message["anonymousId"])
        return f"u:{root(user)}" if user else f"d:{message['anonymousId']}"

    return {message["messageId"]: person(message) for message in happened}


def count(events: Sequence[Stored], person_of: Mapping[str, str], timezone: str = "UTC") -> Numbers:
    """Every number by day, only days with something; all days, future ones too."""
    zone = ZoneInfo(timezone)

    def day(at_ms: int) -> date:
        return datetime.fromtimestamp(at_ms / 1000, zone).date()

    by_person: dict[str, list[Stored]] = defaultdict(list)
    for event in events:
        by_person[person_of[event.message_id]].append(event)
    numbers: Numbers = defaultdict(lambda: defaultdict(int))
    for own in by_person.values():
        _count_actives(numbers, {day(event.occurred_ms) for event in own if event.type in _ACTIVE})
        tracks = sorted((event.occurred_ms, event.event) for event in own if event.type == "track")
        _count_activation(numbers, tracks, day)
        _count_funnel(numbers, tracks, day)
    return numbers


def _count_actives(numbers: Numbers, days: set[date]) -> None:
    for metric, window in (("dau", 1), ("wau", 7), ("mau", 30)):
        for covered in {active + timedelta(days=ahead) for active in days for ahead in range(window)}:
            numbers[metric][covered] += 1


def _count_activation(numbers: Numbers, tracks: Sequence[tuple[int, str]], day: Callable[[int], date]) -> None:
    signups = [at for at, name in tracks if name == "Account Created"]
    if not signups:
        return
    signup = signups[0]
    numbers["signups"][day(signup)] += 1
    actions = [at for at, name in tracks if name in CORE_ACTIONS and signup <= at < signup + _WEEK_MS]
    if len(actions) >= 3:
        numbers["activated"][day(signup)] += 1
        numbers["activations"][day(actions[2])] += 1


def _count_funnel(numbers: Numbers, tracks: Sequence[tuple[int, str]], day: Callable[[int], date]) -> None:
    entries: dict[date, int] = {}
    for at, name in tracks:
        if name == _FUNNEL[0]:
            entries.setdefault(day(at), at)
    for entered, entry in entries.items():
        reached = entry
        for step, wanted in enumerate(_FUNNEL, 1):
            later = [at for at, name in tracks if name == wanted and reached <= at < entry + _WEEK_MS]
            if not later:
                break
            reached = later[0]
            numbers[f"funnel {step}"][entered] += 1


def published(running: NorthStream) -> Numbers:
    """Every number by day as the views say, only those that are not 0."""
    rows = [
        (name, *row)
        for name in ("dau", "wau", "mau")
        for row in running.sql(f"SELECT toString(day), value FROM northstream.{name}")
    ]
    for day_text, signups, activated in running.sql(
        "SELECT toString(day), signups, activated FROM northstream.activation"
    ):
        rows += [("signups", day_text, signups), ("activated", day_text, activated)]
    rows += [
        ("activations", *row)
        for row in running.sql(
            "SELECT toString(day), value FROM northstream.metric_points WHERE metric = 'activations'"
        )
    ]
    for day_text, step, entries in running.sql(
        "SELECT toString(day), step, entries FROM northstream.funnel WHERE funnel_id = 'onboarding'"
    ):
        rows.append((f"funnel {step}", day_text, entries))
    numbers: Numbers = defaultdict(lambda: defaultdict(int))
    for metric, day_text, value in rows:
        if int(value):
            numbers[metric][date.fromisoformat(day_text)] += int(value)
    return numbers


def differences(expected: Numbers, found: Numbers, today: date) -> list[str]:
    """What differs, up to today: later days are counted but not shown."""
    lines = []
    for metric in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(metric, {}), found.get(metric, {})
        lines += [
            f"{metric} of {day}: expected {ours.get(day, 0)}, published {theirs.get(day, 0)}"
            for day in sorted(ours.keys() | theirs.keys())
            if ours.get(day, 0) != theirs.get(day, 0) and (day <= today or theirs.get(day, 0))
        ]
    return lines


def today_in(timezone: str = "UTC") -> date:
    return datetime.now(ZoneInfo(timezone)).date()
