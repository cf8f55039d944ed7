"""What must hold of a cluster once all is settled, whatever was done to it: everything sent against the reference.

Does nothing to the cluster and imports nothing of the product: it is asked over HTTP and SQL.
"""

import re
from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from reference.numbers import Definitions, Numbers, count_accepted
from reference.people import People
from system.cluster.cluster import Cluster
from system.cluster.expecting import Expected, expect, with_times
from system.cluster.traffic import Delivery, Traffic
from system.faces import PATIENCE_SECONDS, wait_until
from system.histories.comparing import shown_differences
from system.histories.running import Running

RESTATED = ("dau", "wau", "mau", "signups")
"""Counters of which a past day changes by restatements alone: cohorts and entries mature."""

COUNTED = (*RESTATED, "activated", "activations", "late")
"""What the stream counts, besides funnels; the catalogue's metrics have restatements of their own."""

_TIMES = "SELECT message_id, toString(toUnixTimestamp64Milli(occurred_at)) FROM northstream.events_resolved"
_MINTED = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WATERMARK_HOURS = 3
_HEADERS = "SELECT partition, max((epoch, nonce, version)) FROM northstream.checkpoint_headers GROUP BY ALL ORDER BY 1"
_QUIET_SECONDS = 4.0
"""Longer than workers take to look at each other's checkpoints."""

Ledger = dict[tuple[str, date], tuple[int, int]]
"""By counter and day: its number, and the sum of its restatements."""


class Checker:
    """Compares again and again; what was published once may change by what is told as a restatement only."""

    def __init__(self, cluster: Cluster, traffic: Traffic) -> None:
        self._cluster = cluster
        self._traffic = traffic
        self._ledger: Ledger | None = None
        self.figures: dict[str, int] = {}
        self.settle_seconds = PATIENCE_SECONDS
        """How long everything may take to settle after what was done."""
        self.unreadable = 0
        """How many lines nobody can read lie in the topics under headers of ours: quality counts by headers."""

    def check(self, is_last: bool = False) -> None:
        """Pause the clients, wait until all is settled, compare everything, let the clients go on.

        Weeks and months, which follow from days, only if it is the last time; then the clients stay where they are.
        """
        self._traffic.pause()
        self._cluster.settle(self.settle_seconds)
        if self._ledger is None:
            self._wait_until_days_are_over()
        self._compare(self._traffic.deliveries, is_last)
        if not is_last:
            self._traffic.resume()

    def _wait_until_days_are_over(self) -> None:
        """Days close with a checkpoint, soon after all is settled: only then is every change of them a restatement."""
        since = datetime.now(UTC)
        latest: list[list[Any]] = []

        def is_quiet() -> bool:
            nonlocal since, latest
            found, latest = latest, self._cluster.sql(_HEADERS)
            since = since if found == latest else datetime.now(UTC)
            return datetime.now(UTC) - since > timedelta(seconds=_QUIET_SECONDS)

        wait_until(is_quiet, "no further checkpoint")

    def _compare(self, deliveries: list[Delivery], with_buckets: bool) -> None:
        none_of("answers that are none", [line for journal in self._traffic.journals for line in journal.surprises])
        expected = expect(deliveries)
        rows = self._cluster.sql(_TIMES)
        copies = Counter(row[0] for row in rows)
        lost = expected.bounds.keys() - copies.keys()
        twice = [message_id for message_id, number in copies.items() if number > 1]
        accepted, wrong_times = with_times(expected, {row[0]: int(row[1]) for row in rows})
        numbers = count_accepted(accepted, Definitions())
        self.figures = {
            "acknowledged": len(expected.bounds),
            "attempts": sum(len(delivery.attempts) for delivery in deliveries),
            "requests": len(deliveries),
            "lost": len(lost),
            "twice": len(twice),
        }
        # Told before it is judged, for the one who reads the failure.
        print(f"checked {self.figures}; answers {dict(self._traffic.answers)}", flush=True)
        none_of("verdicts that the reference does not share", expected.surprises)
        none_of("answered 200 and not stored", lost)
        none_of("stored twice", twice)
        none_of("stored and never answered 200", copies.keys() - expected.bounds.keys())
        none_of("times that cannot be", wrong_times)
        with httpx.Client(base_url=f"http://127.0.0.1:{self._cluster.of('boards').port}", timeout=60) as client:
            running = Running(client, f"http://127.0.0.1:{self._cluster.sql_port}/", self._cluster.secret_key)
            found = shown_differences(running, accepted, numbers, Definitions(), with_buckets)
        self.figures["differences"] = len(found)
        none_of("numbers that differ", found)
        none_of("figures of quality", self._quality(expected))
        none_of("refused messages that are not in quarantine, or the other way round", self._quarantine(expected))
        none_of("persons that differ", self._persons(numbers, People(accepted.messages)))
        none_of("restatements that do not add up", self._restatements(numbers, expected))

    def _quality(self, expected: Expected) -> list[str]:
        """Copies are counted by the time they were stored, and one that was never answered may be."""
        quality = self._cluster.get("/api/quality")
        distinct = quality["accepted"] - quality["duplicates"] - self.unreadable
        found = [] if distinct == len(expected.bounds) else [f"{quality}, but {len(expected.bounds)} messages"]
        for name, least, most in (
            ("accepted", len(expected.accepted.messages), expected.most_accepted),
            ("quarantined", expected.accepted.quarantined, expected.most_quarantined),
        ):
            unreadable = self.unreadable if name == "accepted" else 0
            if not least <= quality[name] - unreadable <= most:
                found.append(f"{name}: {quality[name]}, not {least} to {most}")
        return found

    def _quarantine(self, expected: Expected) -> Collection[str]:
        """What has no id of its own (a text, a number) gets a minted one; dead letters have none."""
        rows = self._cluster.sql("SELECT DISTINCT message_id FROM northstream.quarantine WHERE message_id != ''")
        return {row[0] for row in rows if not _MINTED.fullmatch(row[0])} ^ expected.quarantined

    def _persons(self, numbers: Numbers, people: People) -> list[str]:
        """Everybody with their ids."""
        rows = self._cluster.sql("SELECT person_id, user_ids, anonymous_ids FROM northstream.persons")
        shown = {row[0]: (set(row[1]), set(row[2])) for row in rows}
        devices: dict[str, set[str]] = {}
        for device in people.user_of_device:
            devices.setdefault(people.person_of_device(device), set()).add(device)
        expected: dict[str, tuple[set[str], set[str]]] = {}
        for person in numbers.messages_of_persons:
            name = person[2:]
            is_user = person.startswith("u:")
            expected[person] = (people.united_with(name), devices.get(person, set())) if is_user else (set(), {name})
        found = [f"{person}: shown twice" for person, number in Counter(row[0] for row in rows).items() if number > 1]
        return found + [
            f"{person}: {shown.get(person)}, not {expected.get(person)}"
            for person in shown.keys() | expected.keys()
            if shown.get(person) != expected.get(person)
        ]

    def _restatements(self, numbers: Numbers, expected: Expected) -> list[str]:
        """Each chain of changes ends at the number of now; what has changed since the last look is told as changes."""
        rows = self._cluster.sql(
            "SELECT metric, toString(day), before, after, cause FROM northstream.restatements"
            f" WHERE metric IN {COUNTED} OR startsWith(metric, 'funnel:')"
            " ORDER BY metric, day, at, after - before DESC, cause"
        )
        sums: dict[tuple[str, date], int] = {}
        last: dict[tuple[str, date], int] = {}
        found = []
        for metric, text, before, after, cause in rows:
            key = metric, date.fromisoformat(text)
            if key in last and last[key] != int(before):
                found.append(f"{key}: from {before}, but it was {last[key]}")
            # In between, changes of several partitions need not come in the order in which they were made.
            if cause not in expected.bounds or (key not in last and int(before) < 0):
                found.append(f"{key}: from {before} to {after} because of {cause!r}")
            last[key] = int(after)
            sums[key] = sums.get(key, 0) + int(after) - int(before)
        found += [f"{key}: ends at {end}" for key, end in last.items() if end != _number(numbers, *key)]
        ledger = _ledger(numbers, sums)
        before_it, self._ledger = self._ledger, ledger
        for key in ledger.keys() | (before_it or {}).keys() if before_it is not None else ():
            number, told = (
                now - then for now, then in zip(ledger.get(key, (0, 0)), before_it.get(key, (0, 0)), strict=True)
            )
            if number != told:
                found.append(f"{key}: changed by {number} since the last look, by {told} as restatements say")
        return found


def _ledger(numbers: Numbers, sums: dict[tuple[str, date], int]) -> Ledger:
    """Days that were over for every partition."""
    over = (datetime.now(UTC) - timedelta(hours=_WATERMARK_HOURS)).date()
    keys = {(metric, day) for metric in RESTATED for day in getattr(numbers, metric) if day < over}
    keys |= {key for key in sums if key[0] in RESTATED}
    return {key: (_number(numbers, *key), sums.get(key, 0)) for key in keys}


def _number(numbers: Numbers, metric: str, day: date) -> int:
    """What the reference counts for a counter by its name in SQL."""
    if metric.startswith("funnel:"):
        _, funnel, step = metric.split(":")
        entries: dict[date, list[Any]] = numbers.entries[funnel]
        return int(entries[day][int(step) - 1]) if day in entries else 0
    return int(getattr(numbers, metric).get(day, 0))


def none_of(what: str, found: Collection[object]) -> None:
    """Fail with how many there are and some of them."""
    some = "\n".join(str(one) for one in list(found)[:15])
    assert not found, f"{what}: {len(found)}, such as\n{some}"
