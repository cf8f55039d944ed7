"""The simulated company: reproducible, in time order, plausible, and planned except where broken on purpose.

Does not judge exact numbers: bounds are wide enough for any seed.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

import schemas
from schemas.workspace import load_workspace
from simulate.company import Company
from simulate.flaws import BETA_CONTEXT

Messages = Sequence[dict[str, Any]]
MESSAGE_TYPES = {"track", "page", "screen", "identify", "group"}


def day_of(message: dict[str, Any]) -> date:
    return date.fromisoformat(message["timestamp"][:10])


def named(history: Messages, event: str) -> list[dict[str, Any]]:
    """The good messages of an event."""
    return [message for message in history if message.get("event") == event and not is_broken(message)]


def is_broken(message: dict[str, Any]) -> bool:
    return message["context"] == BETA_CONTEXT


def small(seed: int, end: datetime) -> Company:
    return Company(seed, date(2026, 1, 5), int(end.timestamp() * 1000), people=60)


def test_the_same_seed_gives_the_same_messages() -> None:
    """Seed, start, end and size determine every byte; another seed gives another world."""
    end = datetime(2026, 2, 10, 12, tzinfo=UTC)
    first = list(small(3, end).messages())
    assert first == list(small(3, end).messages())
    assert first != list(small(4, end).messages())


def test_a_longer_look_at_the_same_world_begins_with_the_shorter_one() -> None:
    """A restarted demo goes on where it stopped: what lies before is the same, ids included."""
    end = datetime(2026, 2, 10, 12, tzinfo=UTC)
    end_ms = int(end.timestamp() * 1000)
    short = list(small(3, end).timed_messages(end_ms))
    long = list(small(3, end).timed_messages(end_ms + 5 * 86_400_000))
    assert long[: len(short)] == short
    assert all(at_ms >= end_ms for at_ms, _ in long[len(short) :])
    assert len(long) > len(short)


def test_messages_come_in_time_order_with_ids_of_their_own(history: Messages) -> None:
    """The history never steps back, ends before its end, and repeats no message id."""
    times = [message["timestamp"] for message in history]
    assert times == sorted(times)
    assert times[-1] < "2026-08-31T15:30"
    assert len({message["messageId"] for message in history}) == len(history)


def test_every_message_is_shaped_like_segments(history: Messages) -> None:
    """A known type, an id to belong to, and what its type needs."""
    for message in history:
        assert message["type"] in MESSAGE_TYPES
        assert message.get("userId") or message.get("anonymousId")
        assert message["type"] != "track" or message["event"]
        assert message["type"] != "group" or message["groupId"]


def test_every_event_is_planned_except_the_deliberately_broken(history: Messages) -> None:
    """The default workspace plans every event of a good message, with its required properties; the beta breaks some."""
    plan = load_workspace(Path(schemas.__file__).parent / "default_workspace").plan
    planned = {event.name: event for event in plan.events}
    tracks = [message for message in history if message["type"] == "track" and not is_broken(message)]
    for message in tracks:
        event = planned[message["event"]]
        assert {item.name for item in event.properties if item.required} <= set(message["properties"])
        groups = event.require_one_of
        assert not groups or any(set(group) <= set(message["properties"]) for group in groups)
    assert {message["event"] for message in tracks} == set(planned)
    broken = [message for message in history if is_broken(message)]
    assert 0.0005 < len(broken) / len(history) < 0.01
    assert any(message["event"] not in planned for message in broken)


def test_about_as_many_people_sign_up_as_asked(history: Messages) -> None:
    """Size is a wish: within a fifth of it; nobody signs up twice."""
    signups = [message["userId"] for message in named(history, "Account Created")]
    assert len(signups) == len(set(signups))
    assert 1_200 < len(signups) < 1_800


def test_weekends_are_quiet_and_the_company_grows(history: Messages) -> None:
    """Working days have at least twice the active users of weekends; the last month three times the second one."""
    active: dict[date, set[str]] = defaultdict(set)
    for message in history:
        if message["type"] in ("track", "page", "screen") and "userId" in message:
            active[day_of(message)].add(message["userId"])
    july = {day: len(users) for day, users in active.items() if day.month == 7}
    working = mean(count for day, count in july.items() if day.weekday() < 5)
    weekend = mean(count for day, count in july.items() if day.weekday() >= 5)
    assert working > 2 * weekend
    august = mean(len(users) for day, users in active.items() if day.month == 8 and day.weekday() < 5)
    april = mean(len(users) for day, users in active.items() if day.month == 4 and day.weekday() < 5)
    assert august > 2 * april


def test_conversion_and_activation_are_plausible(history: Messages) -> None:
    """Visitors convert at 5–25 %; a quarter to three quarters of signups do 3 core actions within 7 days."""
    visitors = {message["anonymousId"] for message in named(history, "Pricing Viewed")}
    signed_up = {message["userId"]: message["timestamp"] for message in named(history, "Account Created")}
    buyers = {message["userId"] for message in named(history, "Subscription Started")}
    pages = {message["anonymousId"] for message in history if "userId" not in message}
    assert 0.05 < len(signed_up) / len(pages) < 0.3
    assert len(visitors) > len(signed_up)
    assert 0.04 < len(buyers) / len(signed_up) < 0.25
    core: Counter[str] = Counter()
    for event in ("Project Created", "Task Completed", "Teammate Invited", "Report Shared"):
        for message in named(history, event):
            born = datetime.fromisoformat(signed_up[message["userId"]])
            core[message["userId"]] += (datetime.fromisoformat(message["timestamp"]) - born).days < 7
    activated = sum(count >= 3 for count in core.values())
    assert 0.25 < activated / len(signed_up) < 0.75


def test_the_world_has_all_that_the_board_shows(history: Messages) -> None:
    """Campaigns, several devices per person, accounts with traits, invitations, money in all its movements."""
    devices: dict[str, set[str]] = defaultdict(set)
    for message in history:
        if "userId" in message and "anonymousId" in message:
            devices[message["userId"]].add(message["anonymousId"])
    assert sum(len(ids) > 1 for ids in devices.values()) > len(devices) / 20
    assert {message["context"]["campaign"]["source"] for message in history if "campaign" in message["context"]} > {
        "google",
        "linkedin",
    }
    groups = [message["traits"] for message in history if message["type"] == "group"]
    assert all({"industry", "size", "country"} <= set(traits) for traits in groups)
    channels = {message["properties"]["channel"] for message in named(history, "Account Created")}
    assert {"organic", "paid_search", "invitation"} <= channels
    assert all(named(history, f"Subscription {verb}") for verb in ("Upgraded", "Downgraded", "Canceled", "Renewed"))


def test_every_subscription_is_started_before_it_changes(history: Messages) -> None:
    """Nobody renews, changes or cancels what was not started, nor after it was canceled."""
    paying: set[str] = set()
    for message in history:
        event = message.get("event", "")
        if is_broken(message) or not event.startswith("Subscription "):
            continue
        account = message["properties"]["account_id"]
        assert (account in paying) == (event != "Subscription Started")
        (paying.discard if event == "Subscription Canceled" else paying.add)(account)


def test_the_last_day_leaves_the_alert_to_the_live_traffic(history: Messages) -> None:
    """On the last day at most twelve sign up, so that a rule on more than twenty does not fire on history."""
    assert sum(day_of(message) == date(2026, 8, 31) for message in named(history, "Account Created")) <= 12


@pytest.mark.parametrize("moment", ["before the first day", "at the first day"])
def test_a_history_without_time_is_empty(moment: str) -> None:
    """A world asked for nothing gives nothing."""
    company = small(1, datetime(2026, 2, 1, tzinfo=UTC))
    until = company.start_ms - (1 if moment == "before the first day" else 0)
    assert list(company.timed_messages(until)) == []
