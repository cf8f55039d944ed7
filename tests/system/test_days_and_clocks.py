"""Days of a workspace with daylight saving, and clients whose clocks are wrong (contracts §1 Time, §3).

Eleven months of history, sent in time order.
"""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from system.company import CORE_ACTIONS, iso
from system.counting import Numbers, Stored, count, differences, persons_of, published, stored_events, today_in
from system.running import NorthStream, command
from system.sending import Message
from system.verifying import seed

ZONE = "Europe/Paris"
PERSONS = 60
BATCH = 100
_HISTORY_DAYS = 395
_HOUR = 3600
_WEEK = 7 * 24 * _HOUR
_SKEWS = (0, 0, 0, 3 * _HOUR, -30 * _HOUR, 4, 17)
"""By how many seconds the clocks of devices are fast; up to 5 count as right."""


@pytest.mark.timeout(900)
def test_days_follow_the_workspace_clock_through_daylight_saving(tmp_path: Path) -> None:
    """Every number by day is that of Paris days of 23, 24 and 25 hours, and corrected times are right to the ms."""
    random = Random(seed())
    now = time.time()
    changes = clock_changes(now)
    print(f"the clocks change at {[iso(change) for change in changes]}")
    assert len(changes) >= 2
    with NorthStream(tmp_path, workspace=paris(tmp_path / "workspace")) as running:
        sent: list[Message] = []
        for batch in batches(sorted(history(random, now, changes)), random):
            reply = running.send(batch)
            assert reply["quarantined"] == 0
            sent += [message | {"sentAt": message.get("sentAt", batch.get("sentAt"))} for message in batch["batch"]]
        sent += send_the_future(running, sent[-1]["userId"])
        running.settle()
        stored = stored_events(running)
        assert Counter(event.message_id for event in stored) == Counter(message["messageId"] for message in sent)
        verify_times(stored, {message["messageId"]: message for message in sent})
        verify_numbers(running, stored, sent)


def paris(folder: Path) -> Path:
    """The default workspace with days of Paris."""
    subprocess.run([command(), "init", str(folder)], check=True, capture_output=True)
    main = folder / "workspace.yaml"
    before = main.read_text("utf-8")
    after = before.replace("timezone: UTC", f"timezone: {ZONE}")
    assert after != before
    main.write_text(after, "utf-8")
    return folder


def clock_changes(now: float) -> list[float]:
    """The moments of the last months at which Paris went over to summer or winter time."""
    zone = ZoneInfo(ZONE)
    first = int(now - (_HISTORY_DAYS - 5) * 86_400) // _HOUR * _HOUR

    def offset(at: float) -> timedelta | None:
        return datetime.fromtimestamp(at, zone).utcoffset()

    return [at for at in range(first, int(now) - 10 * 86_400, _HOUR) if offset(at) != offset(at - 1)]


def history(random: Random, now: float, changes: list[float]) -> Iterator[tuple[float, int, str]]:
    """Moments, persons and events: all hours around the changes, midnights, and windows of 7 × 24 hours to the ms."""
    for change in changes:
        for hour in range(-30, 31):
            for person in random.sample(range(PERSONS), 4):
                yield change + hour * _HOUR + random.choice((0, 1800, -0.001)), person, "Feature Used"
        yield from windows(change, random)
    for day in range(0, _HISTORY_DAYS, 3):
        midnight = midnight_of(today_in(ZONE) - timedelta(days=day + 1))
        for edge in (-0.001, 0, 0.001, 12 * _HOUR):
            yield midnight + edge, random.randrange(PERSONS), random.choice(("Cat Petted", *CORE_ACTIONS))


def windows(change: float, random: Random) -> Iterator[tuple[float, int, str]]:
    """People whose week spans the change: the last step within it, or just at its end and so too late."""
    for number in range(24):
        person = int(change) + number
        start = change - random.randrange(7 * 24) * _HOUR + random.choice((0, -1, 1800))
        end = start + _WEEK - random.choice((0.001, 0, 1))
        yield start, person, "Pricing Viewed"
        yield start, person, "Account Created"
        yield start + _HOUR, person, "Project Created"
        yield start + random.randrange(6 * 24) * _HOUR, person, "Task Completed"
        yield end, person, random.choice(("Subscription Started", "Report Shared"))


def midnight_of(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).timestamp()


def batches(history: list[tuple[float, int, str]], random: Random) -> Iterator[dict[str, Any]]:
    """Requests in time order. Each comes from a device with a clock of its own, which `sentAt` tells."""
    for first in range(0, len(history), BATCH):
        skew = random.choice(_SKEWS)
        messages = [
            _message(f"{first}-{number}", at, person, event, skew, random)
            for number, (at, person, event) in enumerate(history[first : first + BATCH])
        ]
        batch: dict[str, Any] = {"batch": messages}
        if skew or random.random() < 0.5:
            batch["sentAt"] = iso(time.time() + skew)
        yield batch


def _message(name: str, at: float, person: int, event: str, skew: float, random: Random) -> Message:
    message = {
        "type": "track",
        "messageId": f"message-{name}",
        "userId": f"user-{person}",
        "event": event,
        "properties": {"plan": "pro", "mrr": 9, "feature": "board"},
        "timestamp": iso(at + skew),
    }
    if skew and random.random() < 0.2:
        # A message of another device, passed on: its own `sentAt` goes before the batch's.
        own = random.choice(_SKEWS)
        message |= {"timestamp": iso(at + own), "sentAt": iso(time.time() + own)}
    return message


def send_the_future(running: NorthStream, user: str) -> list[Message]:
    """Up to 24 hours ahead is taken (and shown when its day has come); further ahead or behind is quarantined."""
    now = time.time()

    def at(name: str, hours: float) -> Message:
        timestamp = iso(now + hours * _HOUR)
        return {"type": "track", "messageId": name, "userId": user, "event": "Cat Petted", "timestamp": timestamp}

    taken = [at("ahead-1h", 1), at("ahead-14h", 14), at("ahead-23h", 23), at("behind-399d", -399 * 24)]
    refused = [at("ahead-25h", 25), at("ahead-9d", 9 * 24), at("behind-401d", -401 * 24)]
    reply = running.send({"batch": [*refused, *taken]})
    assert (reply["accepted"], reply["quarantined"]) == (len(taken), len(refused))
    verdicts = {item["message_id"]: item["status"] for item in reply["events"]}
    assert {name for name, status in verdicts.items() if status == "quarantined"} == {
        message["messageId"] for message in refused
    }
    return taken


def verify_times(stored: list[Stored], sent: dict[str, Message]) -> None:
    """The rule, from what the row says about when it was received."""
    corrected = 0
    for event in stored:
        message = sent[event.message_id]
        expected = to_ms(message["timestamp"])
        if message.get("sentAt"):
            skew_ms = event.received_ms - to_ms(message["sentAt"])
            if abs(skew_ms) > 5000:
                corrected += 1
                expected += skew_ms
        assert event.occurred_ms == expected, event
    print(f"{len(stored)} messages, {corrected} with corrected times")
    assert corrected


def to_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.astimezone(UTC).replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000


def verify_numbers(running: NorthStream, stored: list[Stored], sent: list[Message]) -> None:
    person_of = persons_of(sent, {event.message_id for event in stored})
    expected = count(stored, person_of, ZONE)
    while True:
        today = today_in(ZONE)
        found = published(running)
        catalogue = {
            (metric, grain): running.get(
                f"/api/metrics/{metric}?from={today - timedelta(days=395)}&to={today}&grain={grain}"
            )
            for metric, grain in (("dau", "day"), ("wau", "week"), ("mau", "month"), ("signups", "month"))
        }
        if today == today_in(ZONE):
            break
    print({metric: sum(days.values()) for metric, days in sorted(expected.items())})
    assert not differences(expected, found, today)
    for (metric, grain), answer in catalogue.items():
        assert answer["timezone"] == ZONE
        assert points(answer) == expected_points(expected, metric, grain, today), (metric, grain)


def points(answer: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    return {str(point["bucket"]): point["value"] for point in answer["points"]}


def expected_points(expected: Numbers, metric: str, grain: str, today: date) -> dict[str, object]:
    """By day; of a week or month the value of its last day (or today), and the sum of counts."""
    by_bucket: dict[date, float] = {}
    for back in range(395, -1, -1):
        day = today - timedelta(days=back)
        first = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[grain]
        value = expected[metric].get(day, 0)
        by_bucket[first] = by_bucket.get(first, 0) + value if metric == "signups" else value
    return {str(first): float(value) for first, value in by_bucket.items()}
