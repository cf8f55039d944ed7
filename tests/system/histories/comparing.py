"""Holds every number that a running product shows against the reference, in the API and in the SQL views.

Collects differences instead of stopping at the first, so that one failure tells the whole story.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from reference.messages import ACTIVE_TYPES, Accepted, Message, Sent, accept, instant_ms
from reference.numbers import Definitions, Funnel, Numbers, count_accepted, day_of, earliest_copies
from reference.people import People
from system.histories.running import Running

COUNTS = ("dau", "wau", "mau", "signups", "activated")
RATES = ("stickiness", "activation_rate")
PERSONS_ASKED = 10
SLOWNESS_MS = 20_000
"""How much later than the sender's clock a message may have been received."""


def differences(running: Running, sent: list[Sent], definitions: Definitions) -> list[str]:
    """Every value that is not what the reference says of all that was sent; empty when all are equal."""
    quality = running.settle()
    accepted = accept(sent)
    numbers = count_accepted(accepted, definitions)
    found: list[str] = []
    for name in ("accepted", "quarantined", "duplicates"):
        found += _differ(f"quality {name}", quality[name], getattr(numbers, name))
    return [*found, *shown_differences(running, accepted, numbers, definitions)]


def shown_differences(
    running: Running, accepted: Accepted, numbers: Numbers, definitions: Definitions, with_buckets: bool = True
) -> list[str]:
    """Every day, event and person that is not shown as the reference counts it; call when all is settled.

    `with_buckets`: weeks and months too.
    """
    today = datetime.now(ZoneInfo(definitions.timezone)).date()
    people = People(accepted.messages)
    found: list[str] = []
    found += _api_metrics(running, numbers, today)
    if with_buckets:
        found += _weeks_and_months(running, numbers, today)
    found += _sql_days(running, numbers, today)
    for funnel in definitions.funnels:
        found += _funnel(running, numbers, funnel, today)
    found += _events(running, accepted.messages, people)
    found += _persons(running, people, numbers, ZoneInfo(definitions.timezone))
    return found


def _differ(what: str, shown: Any, expected: Any) -> list[str]:
    return [] if shown == expected else [f"{what}: {shown}, not {expected}"]


def _close(what: str, shown: float | None, expected: float | None) -> list[str]:
    if shown is None or expected is None:
        return _differ(what, shown, expected)
    return [] if abs(shown - expected) < 1e-9 else [f"{what}: {shown}, not {expected}"]


def _api_metrics(running: Running, numbers: Numbers, today: date) -> Iterable[str]:
    first = today - timedelta(days=399)
    for name in (*COUNTS, *RATES):
        expected = getattr(numbers, name)
        points = running.ask(f"/api/metrics/{name}", **{"from": str(first), "to": str(today)})["points"]
        yield from _differ(f"buckets of {name}", len(points), 400)
        for point in points:
            day = date.fromisoformat(point["bucket"])
            absent = 0 if name in COUNTS else None
            yield from _close(f"API {name} {day}", point["value"], expected.get(day, absent))


def _weeks_and_months(running: Running, numbers: Numbers, today: date) -> Iterable[str]:
    """Actives as of the bucket's last day or today, sums of counts, rates of sums."""
    monday = today - timedelta(days=today.weekday() + 8 * 7)
    month = (today.replace(day=1) - timedelta(days=40)).replace(day=1)
    for grain, first in (("week", monday), ("month", month)):
        for name in (*COUNTS, *RATES):
            asked = {"from": str(first), "to": str(today), "grain": grain}
            for point in running.ask(f"/api/metrics/{name}", **asked)["points"]:
                start = date.fromisoformat(point["bucket"])
                after = start + timedelta(days=7) if grain == "week" else (start + timedelta(days=31)).replace(day=1)
                last = min(after - timedelta(days=1), today)
                expected = _bucket(
                    numbers, name, [start + timedelta(days=day) for day in range((last - start).days + 1)]
                )
                yield from _close(f"API {grain} of {name} {start}", point["value"], expected)


def _bucket(numbers: Numbers, name: str, days: list[date]) -> float | None:
    if name in ("dau", "wau", "mau"):
        return getattr(numbers, name).get(days[-1], 0)
    if name == "stickiness":
        return numbers.stickiness.get(days[-1])
    signups, activated = (sum(counts.get(day, 0) for day in days) for counts in (numbers.signups, numbers.activated))
    if name == "activation_rate":
        return activated / signups if signups else None
    return signups if name == "signups" else activated


def _sql_days(running: Running, numbers: Numbers, today: date) -> Iterable[str]:
    for name in ("dau", "wau", "mau", "stickiness"):
        expected = getattr(numbers, name)
        rows = running.rows(f"SELECT day, value FROM {name} ORDER BY day")
        yield from _without_gaps(name, [row[0] for row in rows], today)
        shown = {date.fromisoformat(day): value for day, value in rows}
        for day in set(shown) | {day for day in expected if day <= today}:
            yield from _close(f"SQL {name} {day}", shown.get(day) or 0, expected.get(day, 0))
    rows = running.rows("SELECT day, signups, activated, rate FROM activation ORDER BY day")
    for text, signups, activated, rate in rows:
        day = date.fromisoformat(text)
        yield from _differ(f"SQL signups {day}", int(signups), numbers.signups.get(day, 0))
        yield from _differ(f"SQL activated {day}", int(activated), numbers.activated.get(day, 0))
        yield from _close(f"SQL rate {day}", rate or 0, numbers.activation_rate.get(day, 0))
    shown_days = {row[0] for row in rows}
    missing = [day for day in numbers.signups if day <= today and str(day) not in shown_days]
    yield from _differ("SQL days of signups", missing, [])


def _without_gaps(name: str, days: list[str], today: date) -> list[str]:
    if not days:
        return []
    expected = [date.fromisoformat(days[0]) + timedelta(days=step) for step in range(len(days))]
    return _differ(f"SQL days of {name}", days[-1], str(today)) + _differ(
        f"{name} has gaps", days, [*map(str, expected)]
    )


def _funnel(running: Running, numbers: Numbers, funnel: Funnel, today: date) -> Iterable[str]:
    first = today - timedelta(days=120)
    shown = running.ask(f"/api/funnels/{funnel.id}", **{"from": str(first), "to": str(today)})
    expected = {day: entries for day, entries in numbers.entries[funnel.id].items() if first <= day <= today}
    by_day = {date.fromisoformat(row["day"]): row["entries"] for row in shown["by_day"]}
    nothing = [0] * len(funnel.steps)
    for day in set(by_day) | set(expected):
        yield from _differ(f"API {funnel.id} {day}", by_day.get(day, nothing), expected.get(day, nothing))
    totals = [sum(entries[step] for entries in expected.values()) for step in range(len(funnel.steps))]
    yield from _differ(f"API {funnel.id} entries", [step["entries"] for step in shown["steps"]], totals)
    persons = numbers.funnel_persons(funnel, first, today)
    yield from _differ(f"API {funnel.id} persons", [step["persons"] for step in shown["steps"]], persons)
    rows = running.rows(f"SELECT day, step, entries FROM funnel WHERE funnel_id = '{funnel.id}'")
    in_sql = {(date.fromisoformat(day), int(step)): int(entries) for day, step, entries in rows}
    for (day, step), entries in in_sql.items():
        wanted = expected.get(day, nothing)[step - 1]
        yield from _differ(f"SQL {funnel.id} {day} step {step}", entries, wanted)
    missing = [day for day, entries in expected.items() if entries[0] and (day, 1) not in in_sql]
    yield from _differ(f"SQL {funnel.id} days", missing, [])


def _events(running: Running, accepted: list[Message], people: People) -> Iterable[str]:
    """Each accepted message id once, with its person as known now and its earliest time."""
    expected = {message.message_id: message for message in earliest_copies(accepted)}
    rows = running.rows("SELECT message_id, type, person_id, toUnixTimestamp64Milli(occurred_at) FROM events_resolved")
    yield from _differ("events_resolved", len(rows), len(expected))
    shown = {row[0]: row for row in rows}
    yield from _differ("message ids", set(shown) ^ set(expected), set())
    for message_id in set(shown) & set(expected):
        message, (_, kind, person, occurred) = expected[message_id], shown[message_id]
        yield from _differ(f"type of {message_id}", kind, message.type)
        yield from _differ(f"person of {message_id}", person, people.person_of(message))
        if not 0 <= int(occurred) - message.occurred_ms < SLOWNESS_MS:
            moment = datetime.fromtimestamp(int(occurred) / 1000, UTC)
            yield f"time of {message_id}: {moment}, not {datetime.fromtimestamp(message.occurred_ms / 1000, UTC)}"


def _persons(running: Running, people: People, numbers: Numbers, zone: ZoneInfo) -> Iterable[str]:
    """Who some users are: all their ids, how many days they were active, when they signed up and were activated."""
    for person, messages in sorted(numbers.messages_of_persons.items())[:PERSONS_ASKED]:
        if not person.startswith("u:"):
            continue
        users = people.united_with(person[2:])
        devices = {device for device, user in people.user_of_device.items() if user in users}
        shown = running.ask(f"/api/persons/{quote(max(users), safe='')}")
        yield from _differ(f"person of {users}", shown["person_id"], person)
        yield from _differ(f"users of {person}", set(shown["ids"]["user_ids"]), users)
        yield from _differ(f"devices of {person}", set(shown["ids"]["anonymous_ids"]), devices)
        active = {day_of(message.occurred_ms, zone) for message in messages if message.type in ACTIVE_TYPES}
        yield from _differ(f"active days of {person}", shown["active_days"], len(active))
        for name in ("signed_up_at", "activated_at"):
            expected = getattr(numbers, name).get(person)
            told = None if shown[name] is None else instant_ms(shown[name])
            if (told is None) != (expected is None) or (told and expected and not 0 <= told - expected < SLOWNESS_MS):
                yield f"{name} of {person}: {shown[name]}, not {expected}"
