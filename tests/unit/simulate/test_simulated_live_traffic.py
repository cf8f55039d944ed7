"""Live traffic of the simulated company, with the clock as an argument; and the load of benchmarks.

Does not wait or send.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import mean
from typing import Any

import orjson

from simulate.company import Company
from simulate.live import SURGE_SECONDS, LiveTraffic
from simulate.load import Load

NOW_MS = int(datetime(2026, 8, 31, 15, 31, tzinfo=UTC).timestamp() * 1000)


def lived(company: Company, started_ms: int, seconds: float) -> list[dict[str, Any]]:
    """What happens in so many seconds from a start."""
    traffic, at_ms, messages = LiveTraffic(company, started_ms, rate=4.0), started_ms, []
    while at_ms < started_ms + seconds * 1000:
        messages += traffic.next(at_ms)
        at_ms += int(traffic.pause_seconds() * 1000)
    return messages


def signups(messages: Sequence[dict[str, Any]]) -> int:
    return sum(message.get("event") == "Account Created" for message in messages)


def test_the_surge_brings_more_signups_than_the_default_alert_allows(
    company: Company, history: Sequence[dict[str, Any]]
) -> None:
    """Within the surge more than 20 people sign up, so SignupsHigh fires whatever the day was like; then few do."""
    surge = lived(company, NOW_MS, SURGE_SECONDS)
    assert signups(surge) > 20
    assert signups(lived(company, NOW_MS, SURGE_SECONDS + 600)) - signups(surge) < 20


def test_live_traffic_is_a_few_messages_a_second_at_current_times(
    company: Company, history: Sequence[dict[str, Any]]
) -> None:
    """About the rate asked for; nearly all at the times handed in; most of it is people of the same world."""
    messages = lived(company, NOW_MS, 600)
    assert 3.0 < len(messages) / 600 < 6.0
    on_time = [message for message in messages if message["timestamp"] >= "2026-08-31T15:31"]
    assert all(message["timestamp"] < "2026-08-31T15:42" for message in on_time)
    assert len(on_time) > 0.95 * len(messages)
    known = {message["userId"] for message in history if "userId" in message}
    assert mean(message.get("userId") in known for message in messages) > 0.5


def test_some_of_it_is_late_or_comes_twice(company: Company, history: Sequence[dict[str, Any]]) -> None:
    """A phone that was offline and a client that heard no answer belong to every day."""
    messages = lived(company, NOW_MS, 1_800)
    assert any(message["timestamp"] < "2026-08-31" for message in messages)
    assert len({message["messageId"] for message in messages}) < len(messages)


def test_two_starts_share_no_ids(company: Company, history: Sequence[dict[str, Any]]) -> None:
    """After a restart live messages and new people are new: nothing is taken for a copy."""
    first, second = lived(company, NOW_MS, 120), lived(company, NOW_MS + 200_000, 120)
    assert not {message["messageId"] for message in first} & {message["messageId"] for message in second}
    born = [
        {message["userId"] for message in messages if message.get("event") == "Account Created"}
        for messages in (first, second)
    ]
    assert not born[0] & born[1]
    assert not (born[0] | born[1]) & {message.get("userId") for message in history}


def test_load_events_are_about_610_bytes_with_8_properties() -> None:
    """The benchmark's events are as large as those of the baselines, and no two share an id."""
    singles = list(Load("a").singles(500, NOW_MS))
    assert 590 < mean(map(len, singles)) < 630
    assert all(len(orjson.loads(body)["properties"]) == 8 for body in singles)
    (batch,) = Load("a").batches(1, 100, NOW_MS)
    assert len({event["messageId"] for event in orjson.loads(batch)["batch"]}) == 100
