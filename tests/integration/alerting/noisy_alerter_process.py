"""A process that runs an alerter over several rules, with one receiver told at once and one in groups, to be killed.

Does not stop by itself. Arguments: folder (a file per metric holds its value), URL of `ops`, URL of `team`.
"""

import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from alerting.alerter import Alerter
from alerting.numbers import NotLookedUp, Point
from alerting.retries import RetryPolicy
from alerting.surroundings import Surroundings
from schemas.alerts import AlertDefinitions, AlertRule, Bucket, Manners, MetricSubject, Subject, WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class _FileNumbers:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def series(self, subject: Subject, _bucket: Bucket, count: int, _now_ms: int) -> Sequence[Point]:
        return [Point(date(2026, 3, 1), float((self._folder / str(subject)).read_text()))] * count

    def last_seen_ms(self, subject: Subject, _now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))


def main(folder: Path, ops: str, team: str) -> None:
    rules = tuple(
        AlertRule(path.name, "product", MetricSubject(path.name), "running", ">", 20.0, ("ops", "team"))
        for path in sorted(folder.glob("metric*"))
    )
    receivers = tuple(
        WebhookReceiver(name, url, SECRET, allow_private=True) for name, url in (("ops", ops), ("team", team))
    )
    manners = {"team": Manners(group_by=("severity",), group_wait_seconds=0.4)}
    surroundings = Surroundings(
        _FileNumbers(folder),
        lambda _rows: None,
        lambda: False,
        lambda: int(time.time() * 1000),
        "http://127.0.0.1:8000",
        RetryPolicy(first_seconds=0.05, longest_seconds=0.1),
    )
    Alerter(AlertDefinitions(rules, receivers, manners), folder / "alerts.db", surroundings).run()


main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
