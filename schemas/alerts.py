"""Alerts as data: what a rule looks at, when it is breached, who hears of it, and how noise is kept down.

Does not read files (`schemas.alert_files`), look values up (`northstream.alert_values`) or judge (`alerting`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Literal

from schemas.durations import format_duration
from schemas.measuring import Segment

Bucket = Literal["running", "complete"]
"""The bucket that contains now, or the last one that is over."""

Operator = Literal[">", ">=", "<", "<=", "==", "!="]
Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

Gauge = Literal["lag_seconds", "incomplete_seconds", "silent_seconds", "quarantine_share", "watch_seconds"]
"""Numbers about the data that are true now and have no history.

`lag_seconds`: age of the oldest message that is not counted, loaded and published. `incomplete_seconds`: now −
`complete_through`. `silent_seconds`: since the last message of an app. `quarantine_share`: per cent of the messages of
the last ten minutes that went to quarantine. `watch_seconds`: age of the youngest self-watch event that has crossed
the whole path on every partition.
"""

DayCount = Literal["received", "quarantined", "flagged", "duplicates", "late"]
"""Numbers about the data by the day of receipt, with a history. `received` counts stored and quarantined messages."""

GAUGES: tuple[Gauge, ...] = (
    "lag_seconds",
    "incomplete_seconds",
    "silent_seconds",
    "quarantine_share",
    "watch_seconds",
)
DAY_COUNTS: tuple[DayCount, ...] = ("received", "quarantined", "flagged", "duplicates", "late")


@dataclass(frozen=True, slots=True)
class MetricSubject:
    """A metric of the catalogue, of everybody or of the segments that all hold."""

    metric: str
    segments: tuple[Segment, ...] = ()

    def __str__(self) -> str:
        """The metric's id, as the contract shows it; segments behind it in brackets."""
        within = ", ".join(f"{each.dimension}={each.value or ''}" for each in self.segments)
        return f"{self.metric}[{within}]" if within else self.metric


@dataclass(frozen=True, slots=True)
class FunnelSubject:
    """A step (from 1) of a funnel by entry day: how many entries reached it, or what part (0 to 1) of all entries."""

    funnel: str
    step: int
    measure: Literal["count", "rate"] = "count"

    def __str__(self) -> str:
        return f"funnel:{self.funnel}:{self.step}" + (":rate" if self.measure == "rate" else "")


@dataclass(frozen=True, slots=True)
class QualitySubject:
    """A number about the data itself."""

    number: Gauge | DayCount

    def __str__(self) -> str:
        return f"quality:{self.number}"


Subject = MetricSubject | FunnelSubject | QualitySubject


@dataclass(frozen=True, slots=True)
class Threshold:
    """The condition is about the value."""


@dataclass(frozen=True, slots=True)
class Change:
    """The condition is about the change of the value since the bucket before, or the same day of last week.

    `percent` of what it was (−30 is a drop by 30 %), or `absolute`: the difference.
    """

    against: Literal["previous", "last_week"] = "previous"
    unit: Literal["percent", "absolute"] = "percent"


FEWEST_POINTS = 5
"""Buckets with a value that an anomaly needs to know what is usual."""

MOST_BUCKETS = 800
"""Buckets that an anomaly may look at; no series of the product is longer."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The condition is about the robust z-score of the value: its distance from the median of the buckets before it,
    in units of their scaled median absolute deviation. `buckets` of them; of a `weekly` season only the same weekday.
    """

    buckets: int = 56
    is_weekly: bool = True


@dataclass(frozen=True, slots=True)
class Absence:
    """Breached when nothing that the subject counts was received for so long."""

    seconds: float


Comparison = Threshold | Change | Anomaly | Absence

NOISE_BUDGET = 10
"""Incidents in 30 days that are not too many, unless a rule says otherwise."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule of a group (contracts §7); durations in seconds.

    `receivers`: who hears of it, routes already applied; none: the log and the boards alone. `min_samples`: of a rate
    its denominator, else the value itself must be so high, in the bucket that is judged and in the one it is compared
    with. `inhibits`: while it is not clear, rules with `waits_for_data` wait. `noise_budget`: incidents in 30 days that
    are not too many. `at_most_per_day`: incidents that receivers hear of in one day of the workspace; 0: all.
    """

    alert: str
    group: str
    subject: Subject
    bucket: Bucket
    operator: Operator
    threshold: float
    receivers: tuple[str, ...] = ()
    comparison: Comparison = field(default_factory=Threshold)
    owner: str = ""
    for_seconds: float = 0.0
    keep_firing_for_seconds: float = 0.0
    interval_seconds: float = 1.0
    min_samples: float = 0.0
    inhibits: bool = False
    waits_for_data: bool = True
    noise_budget: int = NOISE_BUDGET
    at_most_per_day: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What a rule is known by. Its condition may change without starting a new incident."""
        return f"{self.group}/{self.alert}"

    @property
    def metric(self) -> str:
        """What the rule looks at, as receivers are told it."""
        return str(self.subject)

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "warning")

    @property
    def condition(self) -> str:
        """As people read it: `> 20`, `change against last_week < -30 %`, `z-score > 3.5`, `absent for 10m`."""
        limit = f"{self.operator} {self.threshold:g}"
        match self.comparison:
            case Change(against, unit):
                return f"change against {against} {limit}" + (" %" if unit == "percent" else "")
            case Anomaly():
                return f"z-score {limit}"
            case Absence(seconds):
                return f"absent for {format_duration(seconds)}"
        return limit


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """A signed POST after Standard Webhooks. `secret`: `whsec_` and the key in base64."""

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class EmailReceiver:
    """People who get mail through an SMTP server.

    `security`: `starttls` before anything is said, `tls` from the first byte, or `none`. Without `user` nobody logs in.
    """

    name: str
    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class AppriseReceiver:
    """Services that Apprise speaks (Slack, Teams, Telegram, …) by their Apprise URLs, which hold secrets."""

    name: str
    urls: tuple[str, ...] = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class AlertmanagerReceiver:
    """Prometheus Alertmanagers by their base URLs (`http://host:9093`); each of a cluster is told."""

    name: str
    urls: tuple[str, ...] = field(repr=False)
    allow_private: bool = False


PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"


@dataclass(frozen=True, slots=True)
class PagerDutyReceiver:
    """PagerDuty Events v2. `url`: where events are accepted."""

    name: str
    routing_key: str = field(repr=False)
    url: str = field(default=PAGERDUTY_URL, repr=False)
    allow_private: bool = False


Receiver = WebhookReceiver | EmailReceiver | AppriseReceiver | AlertmanagerReceiver | PagerDutyReceiver


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` by the clock of `timezone` (over midnight if `end` is earlier), on days that begin on one
    of `weekdays` (Monday is 0; none: every day), only alerts of the severities in `except_for` are told at once.
    """

    start: time
    end: time
    timezone: str
    weekdays: tuple[int, ...] = ()
    except_for: tuple[str, ...] = ("critical",)


@dataclass(frozen=True, slots=True)
class Manners:
    """How often one receiver may be disturbed.

    `group_wait_seconds` > 0: what comes within it with the same values of `group_by` (of `group`, `alert`, `owner`,
    `severity`, `metric` or a label) goes out as one message. `remind_every_seconds` > 0: again while an incident is
    open and nobody has acknowledged it. `at_most_per_day`: messages about starts in one day of the workspace; 0: all.
    """

    quiet: QuietHours | None = None
    at_most_per_day: int = 0
    group_by: tuple[str, ...] = ()
    group_wait_seconds: float = 0.0
    remind_every_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class DeadMansSwitch:
    """A receiver that is told all is well every so often, so that it can raise the alarm when that stops."""

    receiver: str
    every_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class AlertDefinitions:
    """Everything of `alerts/*.yaml`, and the rules about the data that are always there; replaced whole.

    `manners` by receiver; a receiver without any is told everything at once.
    """

    rules: tuple[AlertRule, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    manners: Mapping[str, Manners] = field(default_factory=dict)
    dead_mans_switch: DeadMansSwitch | None = None

    def receiver(self, name: str) -> Receiver | None:
        return next((each for each in self.receivers if each.name == name), None)
