"""A company whose alerts live: a real alerter over a real engine, receivers that answer, numbers that tests set.

Does not judge or deliver: that is what it runs.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from datetime import time as clock_time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from alerting.numbers import Point
from schemas.alerts import (
    AlertDefinitions,
    AlertRule,
    Bucket,
    FunnelSubject,
    Manners,
    MetricSubject,
    QualitySubject,
    QuietHours,
    Subject,
    WebhookReceiver,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOSTILE = '<img src=x onerror="document.title=1">'


@dataclass
class Hooks:
    """Receivers over HTTP: `/ops` takes everything, `/broken` nothing until it is mended."""

    mended: bool = False
    taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                works = outer.mended or self.path != "/broken"
                if works:
                    outer.taken.append(f"{self.path} {self.headers['webhook-id']}")
                self.send_response(204 if works else 500)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def receiver(self, name: str) -> WebhookReceiver:
        return WebhookReceiver(name, f"http://127.0.0.1:{self.server.server_address[1]}/{name}", SECRET, True)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Values:
    """Implements `alerting.numbers.Numbers`: what tests set by subject is the value of every bucket; each day of the
    past had a value of its own.
    """

    today: date
    now: dict[str, float | None]

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        days = [self.today - timedelta(days=back) for back in range(count - 1, -1, -1)]
        past = [Point(day, 10.0 + day.toordinal() % 17) for day in days[:-1]]
        return [*past, Point(days[-1], self.now.get(str(subject)))]

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        return now_ms


@dataclass(frozen=True)
class MovingClock:
    """Unix ms that begin at `start_ms` and run as fast as time does."""

    start_ms: int
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> int:
        return self.start_ms + int((time.monotonic() - self.began) * 1000)


def definitions(hooks: Hooks) -> AlertDefinitions:
    """Five rules, one about the data; whoever is told at night is not, but for what is critical."""
    critical = {"labels": {"severity": "critical"}}
    rules = (
        _rule("SignupsHigh", MetricSubject("signups"), 20.0, ("ops", "night"), owner="growth"),
        _rule("DauHigh", MetricSubject("dau"), 900.0, ("broken",), owner="growth", **critical),
        _rule("MrrHigh", MetricSubject("mrr"), 1e9, ("ops",), owner="revenue"),
        _rule("FewPay", FunnelSubject("onboarding", 4, "rate"), 0.9, (), annotations={"summary": HOSTILE}),
        _rule(
            "DataLate", QualitySubject("lag_seconds"), 60.0, ("ops",), inhibits=True, waits_for_data=False, **critical
        ),
    )
    quiet = Manners(QuietHours(clock_time(0), clock_time(0), "UTC"))
    receivers = tuple(hooks.receiver(name) for name in ("ops", "night", "broken"))
    return AlertDefinitions(rules, receivers, {"night": quiet})


def _rule(alert: str, subject: Subject, threshold: float, receivers: tuple[str, ...], **others: Any) -> AlertRule:
    group = "data" if isinstance(subject, QualitySubject) else "product"
    return AlertRule(alert, group, subject, "running", ">", threshold, receivers, interval_seconds=0.1, **others)


def until(holds: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait for another thread."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def states(shown: Mapping[str, Any]) -> dict[str, str]:
    return {rule["alert"]: rule["state"] for rule in shown["alerts"]}
