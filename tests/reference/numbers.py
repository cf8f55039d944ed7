"""Every published number, counted from the whole of the messages by their definitions.

Shares no code with the product; counts again from the start each time it is asked.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reference.messages import ACTIVE_TYPES, DAY, Accepted, Message, Sent, accept
from reference.people import People


@dataclass(frozen=True)
class Funnel:
    id: str
    window_ms: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Definitions:
    """What a workspace defines; by default the contract's own."""

    timezone: str = "UTC"
    signup: str = "Account Created"
    core_actions: tuple[str, ...] = ("Project Created", "Task Completed", "Teammate Invited", "Report Shared")
    funnels: tuple[Funnel, ...] = (
        Funnel(
            "onboarding",
            7 * DAY,
            ("Pricing Viewed", "Account Created", "Project Created", "Subscription Started"),
        ),
    )


@dataclass
class Numbers:
    """By day, days with a value only. `entries`: per funnel and day, how many entries reached each step."""

    dau: dict[date, int] = field(default_factory=dict)
    wau: dict[date, int] = field(default_factory=dict)
    mau: dict[date, int] = field(default_factory=dict)
    stickiness: dict[date, float] = field(default_factory=dict)
    signups: dict[date, int] = field(default_factory=dict)
    activated: dict[date, int] = field(default_factory=dict)
    activation_rate: dict[date, float] = field(default_factory=dict)
    activations: dict[date, int] = field(default_factory=dict)
    entries: dict[str, dict[date, list[int]]] = field(default_factory=dict)
    persons_of_messages: dict[str, str] = field(default_factory=dict)
    messages_of_persons: dict[str, list[Message]] = field(default_factory=dict)
    signed_up_at: dict[str, int] = field(default_factory=dict)
    activated_at: dict[str, int] = field(default_factory=dict)
    furthest: dict[str, dict[tuple[str, date], int]] = field(default_factory=dict)
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0

    def funnel_persons(self, funnel: Funnel, first: date, last: date) -> list[int]:
        """Distinct persons whose furthest entry in the range (both days included) reached each step or beyond."""
        best: dict[str, int] = {}
        for (person, day), step in self.furthest[funnel.id].items():
            if first <= day <= last:
                best[person] = max(step, best.get(person, 0))
        return [sum(step >= wanted for step in best.values()) for wanted in range(1, len(funnel.steps) + 1)]


def count(requests: list[Sent], definitions: Definitions) -> Numbers:
    """All numbers of these requests, as known after the last."""
    return count_accepted(accept(requests), definitions)


def count_accepted(accepted: Accepted, definitions: Definitions) -> Numbers:
    """All numbers of these messages, copies included."""
    people = People(accepted.messages)
    messages = earliest_copies(accepted.messages)
    by_person: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        by_person[people.person_of(message)].append(message)
    numbers = Numbers(
        accepted=len(accepted.messages),
        quarantined=accepted.quarantined,
        duplicates=len(accepted.messages) - len(messages),
        messages_of_persons=by_person,
        persons_of_messages={message.message_id: people.person_of(message) for message in messages},
    )
    zone = ZoneInfo(definitions.timezone)
    _count_actives(numbers, by_person, zone)
    _count_activation(numbers, by_person, zone, definitions)
    for funnel in definitions.funnels:
        _count_funnel(numbers, by_person, zone, funnel)
    return numbers


def earliest_copies(messages: list[Message]) -> list[Message]:
    """One message per id: the copy that occurred first."""
    copies: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        copies[message.message_id].append(message)
    return [min(group, key=lambda message: message.occurred_ms) for group in copies.values()]


def day_of(instant_ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant_ms // 1000, UTC).astimezone(zone).date()


def _count_actives(numbers: Numbers, by_person: dict[str, list[Message]], zone: ZoneInfo) -> None:
    active: dict[date, set[str]] = defaultdict(set)
    for person, messages in by_person.items():
        for message in messages:
            if message.type in ACTIVE_TYPES:
                active[day_of(message.occurred_ms, zone)].add(person)
    if not active:
        return
    day, last = min(active), max(active) + timedelta(days=30)
    while day <= last:
        within = {
            days: set().union(*(active.get(day - timedelta(days=back), set()) for back in range(days)))
            for days in (1, 7, 30)
        }
        numbers.dau[day], numbers.wau[day], numbers.mau[day] = (len(within[days]) for days in (1, 7, 30))
        if within[30]:
            numbers.stickiness[day] = len(within[1]) / len(within[30])
        day += timedelta(days=1)


def _count_activation(
    numbers: Numbers, by_person: dict[str, list[Message]], zone: ZoneInfo, definitions: Definitions
) -> None:
    signups: dict[date, int] = defaultdict(int)
    activated: dict[date, int] = defaultdict(int)
    activations: dict[date, int] = defaultdict(int)
    for person, messages in by_person.items():
        signup_times = [message.occurred_ms for message in messages if message.event == definitions.signup]
        if not signup_times:
            continue
        signup = numbers.signed_up_at[person] = min(signup_times)
        signups[day_of(signup, zone)] += 1
        actions = sorted(
            message.occurred_ms
            for message in messages
            if message.event in definitions.core_actions and signup <= message.occurred_ms < signup + 7 * DAY
        )
        if len(actions) >= 3:
            numbers.activated_at[person] = actions[2]
            activated[day_of(signup, zone)] += 1
            activations[day_of(actions[2], zone)] += 1
    numbers.signups, numbers.activated, numbers.activations = dict(signups), dict(activated), dict(activations)
    numbers.activation_rate = {day: activated.get(day, 0) / total for day, total in signups.items()}


def _count_funnel(numbers: Numbers, by_person: dict[str, list[Message]], zone: ZoneInfo, funnel: Funnel) -> None:
    furthest: dict[tuple[str, date], int] = {}
    for person, messages in by_person.items():
        firsts: dict[date, int] = {}
        for message in messages:
            if message.event == funnel.steps[0]:
                day = day_of(message.occurred_ms, zone)
                firsts[day] = min(message.occurred_ms, firsts.get(day, message.occurred_ms))
        for day, entry in firsts.items():
            furthest[(person, day)] = steps_reached(messages, entry, funnel)
    numbers.furthest[funnel.id] = furthest
    entries: dict[date, list[int]] = {}
    for (_, day), reached in furthest.items():
        counts = entries.setdefault(day, [0] * len(funnel.steps))
        for step in range(reached):
            counts[step] += 1
    numbers.entries[funnel.id] = entries


def steps_reached(messages: list[Message], entry_ms: int, funnel: Funnel) -> int:
    """How many steps an entry at this instant came through; each message serves one step at most."""
    used: set[str] = set()
    reached, time = 0, entry_ms
    for event in funnel.steps:
        candidates = [
            message
            for message in messages
            if message.event == event
            and time <= message.occurred_ms < entry_ms + funnel.window_ms
            and message.message_id not in used
        ]
        if not candidates:
            break
        serving = min(candidates, key=lambda message: message.occurred_ms)
        used.add(serving.message_id)
        reached, time = reached + 1, serving.occurred_ms
    return reached
