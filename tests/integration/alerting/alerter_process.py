"""A process that runs an alerter over a value in a file, so that a test can kill it.

Does not stop by itself. Arguments: folder, receiver's URL.
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
from schemas.alerts import AlertDefinitions, AlertRule, Bucket, MetricSubject, Subject, WebhookReceiver


class _FileNumbers:
    """Every metric has the value that stands in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def series(self, _subject: Subject, _bucket: Bucket, count: int, _now_ms: int) -> Sequence[Point]:
        return [Point(date(2026, 3, 1), float(self._path.read_text()))] * count

    def last_seen_ms(self, subject: Subject, _now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))


def main(folder: Path, url: str) -> None:
    rule = AlertRule("SignupsHigh", "product", MetricSubject("signups"), "running", ">", 20.0, ("ops",))
    surroundings = Surroundings(
        _FileNumbers(folder / "value"),
        lambda _rows: None,
        lambda: False,
        lambda: int(time.time() * 1000),
        "http://127.0.0.1:8000",
        RetryPolicy(first_seconds=0.05, longest_seconds=0.1),
    )
    receiver = WebhookReceiver("ops", url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", allow_private=True)
    Alerter(AlertDefinitions((rule,), (receiver,)), folder / "alerts.db", surroundings).run()


main(Path(sys.argv[1]), sys.argv[2])
