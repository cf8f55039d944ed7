"""Every name under which a process tells how it is doing, declared once, with what it takes to count under it.

Does not count: each package does, with instruments made from these declarations. Metrics of the product (daily actives
and so on) are another matter: see `schemas.metric_files`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric

DURATIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper ends of buckets, in seconds, of work that takes milliseconds."""

DELAYS = (*DURATIONS, 60, 120, 300, 600)
"""Of what may have to wait for a server that is away."""

REQUEST_DURATIONS = (0.0005, *DURATIONS)

ROW_COUNTS = (1, 10, 100, 1_000, 10_000, 30_000, 100_000)


class Kind(StrEnum):
    """What Prometheus calls the type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Series:
    """`name` as it is written, `_total` included; `buckets` are of a histogram."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def counter(self, registry: CollectorRegistry) -> Counter:
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        return Gauge(self.name, self.meaning, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry) -> Histogram:
        return Histogram(self.name, self.meaning, self.labels, buckets=self.buckets, registry=registry)

    def told(self, values: Mapping[tuple[str, ...], float] | float) -> Metric:
        """A counter or gauge as it stands, for values that are kept elsewhere; by label values if it has labels."""
        metric = Metric(self.name.removesuffix("_total"), self.meaning, self.kind.value)
        by_labels = values if isinstance(values, Mapping) else {(): values}
        for labels, value in by_labels.items():
            metric.add_sample(self.name, dict(zip(self.labels, labels, strict=True)), value)
        return metric


def _counter(name: str, meaning: str, *labels: str) -> Series:
    return Series(f"northstream_{name}", Kind.COUNTER, meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Series:
    return Series(f"northstream_{name}", Kind.GAUGE, meaning, labels)


def _histogram(name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = DURATIONS) -> Series:
    return Series(f"northstream_{name}", Kind.HISTOGRAM, meaning, labels, buckets)


class EveryProcess:
    """Told by each process; the role tells them apart where one page shows several."""

    BUILD_INFO = _gauge("build_info", "Always 1: which release this is.", "role", "version", "python")
    LOG_LINES = _counter("log_lines_total", "Log lines, those left out as repetitions too.", "role", "level")


class Collector:
    """Told by the collector."""

    REQUEST_DURATION = _histogram(
        "collector_request_duration_seconds",
        "Ingest requests, from their headers to their answer.",
        "route",
        "code",
        buckets=REQUEST_DURATIONS,
    )
    MESSAGES = _counter("collector_messages_total", "Messages answered (copies are counted as stored too).", "verdict")
    VIOLATIONS = _counter("collector_violations_total", "Violations of the tracking plan.", "rule")
    REJECTIONS = _counter("collector_rejections_total", "Requests refused as a whole.", "reason")
    LINKS = _counter("collector_links_total", "Links from a device to a user appended.")
    BODY_BYTES = _counter("collector_body_bytes_total", "Bytes of bodies, inflated.")
    RECORDS = _counter("collector_records_total", "Records appended to the log.")
    APPEND_DURATION = _histogram(
        "collector_append_duration_seconds", "Durable appends to the log, each of all that waited.", buckets=DELAYS
    )
    APPEND_FAILURES = _counter("collector_append_failures_total", "Appends that the log refused.")
    WAITING_BYTES = _gauge("collector_waiting_bytes", "Bytes that wait for the log.")
    WAITING_LIMIT_BYTES = _gauge("collector_waiting_limit_bytes", "Bytes that may wait before requests are refused.")
    LOG_WRITABLE = _gauge("collector_log_writable", "1 while the log takes appends.")
    ENGINE_UP = _gauge("collector_engine_up", "1 if the engine behind this collector told its own telemetry just now.")


class Worker:
    """Told by whoever counts: a worker, or the embedded engine."""

    EVENTS_APPLIED = _counter("worker_events_applied_total", "Events applied to people.")
    HANDOFFS_APPLIED = _counter("worker_handoffs_applied_total", "Hand-offs applied to people.")
    POISON_RECORDS = _counter("worker_poison_records_total", "Records that cannot be decoded, left behind.")
    WAREHOUSE_FAILURES = _counter("worker_warehouse_failures_total", "Rounds in which warehouse or log were away.")
    OUTRANKED = _counter("worker_outranked_total", "Times another worker had claimed a partition of ours.")
    REBALANCES = _counter("worker_rebalances_total", "Assignments of partitions.")
    ASSIGNED_PARTITIONS = _gauge("worker_assigned_partitions", "Partitions owned now.")
    PEOPLE = _gauge("worker_people", "People in memory.")
    STATE_BYTES = _gauge("worker_state_bytes", "Estimate of the memory that they take.")
    UNSAVED_CHANGES = _gauge("worker_unsaved_changes", "People and changes that are in memory alone.")
    UNSAVED_CHANGES_LIMIT = _gauge("worker_unsaved_changes_limit", "So many make the worker stop applying.")
    LAG_RECORDS = _gauge(
        "worker_lag_records", "Records of the log behind what is applied, of own partitions.", "topic", "partition"
    )
    CHECKPOINT_AGE = _gauge(
        "worker_checkpoint_age_seconds",
        "For how long something applied has been in no durable checkpoint; 0 when all is.",
        "partition",
    )
    APPLY_DELAY = _histogram(
        "worker_apply_delay_seconds", "From a record's append until it is applied.", "topic", buckets=DELAYS
    )
    PUBLISH_DELAY = _histogram(
        "worker_publish_delay_seconds", "From a record's append until its counters are published.", buckets=DELAYS
    )
    PUBLISH_DURATION = _histogram("worker_publish_duration_seconds", "Publications of counters.")
    CHECKPOINT_DURATION = _histogram("worker_checkpoint_duration_seconds", "Checkpoints, rows and header.")
    TAKE_DURATION = _histogram(
        "worker_take_duration_seconds", "From an assignment until its partitions are claimed and loaded."
    )
    REBUILDING = _gauge("worker_rebuilding", "1 while people and counters are rebuilt from the stored events.")


class Loader:
    """Told by each loader, or the embedded engine."""

    LEADER = _gauge("loader_leader", "1 on the loader that loads, 0 on those that stand by.")
    ROWS = _counter("loader_rows_total", "Rows inserted.", "table")
    LOAD_DURATION = _histogram("loader_load_duration_seconds", "Loads: planned, inserted, marked done.")
    LOAD_ROWS = _histogram("loader_load_rows", "Rows of a load.", buckets=ROW_COUNTS)
    LOAD_DELAY = _histogram("loader_load_delay_seconds", "From a record's append until it is loaded.", buckets=DELAYS)
    PAUSES = _counter("loader_pauses_total", "Loads put off because warehouse or log were away.")
    PUT_ASIDE_LINES = _counter("loader_put_aside_lines_total", "Lines that the warehouse cannot read, put aside.")
    POISON_RECORDS = _counter("loader_poison_records_total", "Records that are none of ours, put aside.")
    LAG_RECORDS = _gauge("loader_lag_records", "Records of the log not loaded yet.", "topic", "partition")


class Alerter:
    """Told by the alerter, or the embedded engine."""

    EVALUATION_DURATION = _histogram("alerter_evaluation_duration_seconds", "Looks at the rules that are due.")
    RULES = _gauge("alerter_rules", "Alert rules, by where they stand.", "state")
    JUDGING = _gauge("alerter_judging", "1 while this alerter judges; 0 while it stands by for another.")
    DELIVERY_DURATION = _histogram(
        "alerter_delivery_duration_seconds", "Attempts to deliver a message.", "receiver", "outcome"
    )
    DELIVERY_DELAY = _histogram(
        "alerter_delivery_delay_seconds", "From a message's creation until it is delivered.", "receiver", buckets=DELAYS
    )
    OUTBOX_MESSAGES = _gauge(
        "alerter_outbox_messages", "Messages that wait for delivery, and those given up on.", "status"
    )


class Api:
    """Told by the boards' process, or the embedded engine: its requests, and how complete the numbers are."""

    REQUEST_DURATION = _histogram(
        "api_request_duration_seconds", "Read requests; live streams are left out.", "route", "code"
    )
    LAG_EVENTS = _gauge("lag_events", "Lines of the log not yet counted, loaded and published; 0 means settled.")
    COMPLETE_THROUGH = _gauge(
        "complete_through_timestamp_seconds", "Everything received before this Unix time is counted and loaded."
    )
    COMPLETENESS_AGE = _gauge("completeness_age_seconds", "How long ago that time was.")
    READER_LAG_RECORDS = _gauge(
        "reader_lag_records", "Records behind a reader's durable position.", "reader", "topic", "partition"
    )
    READER_LAG_EVENTS = _gauge(
        "reader_lag_events", "Lines behind a reader's durable position.", "reader", "topic", "partition"
    )
    READER_LAG_SECONDS = _gauge(
        "reader_lag_seconds", "Age of the oldest record behind it; 0 at the end.", "reader", "topic", "partition"
    )


class Watch:
    """Told by the alerter and the boards' process, or the embedded engine, while events of the self-watch are sent."""

    AGE = _gauge(
        "watch_age_seconds", "How long ago the youngest self-watch event was sent that has crossed every partition."
    )


class Measuring:
    """Told by the boards' process, or the embedded engine: how fresh the metric catalogue's values are."""

    REFRESH_DURATION = _histogram(
        "metrics_refresh_duration_seconds", "Computations of the catalogue computed anew.", buckets=DELAYS
    )
    REFRESH_FAILURES = _counter("metrics_refresh_failures_total", "Computations of the catalogue that failed.")
    REFRESH_AGE = _gauge("metrics_refresh_age_seconds", "How long ago all that was due had been refreshed.")
    OVERDUE = _gauge(
        "metrics_overdue_seconds", "For how long what waits longest should have been refreshed; 0 in time."
    )
    FAILING = _gauge("metrics_failing", "Metrics of the catalogue that cannot be computed.")


class Sql:
    """Told by the warehouse's process, or the embedded engine."""

    REQUEST_DURATION = _histogram(
        "sql_request_duration_seconds", "Statements over ClickHouse's HTTP interface.", "code", buckets=DELAYS
    )


GROUPS = (EveryProcess, Collector, Worker, Loader, Alerter, Api, Watch, Measuring, Sql)

DECLARED: tuple[Series, ...] = tuple(
    value for group in GROUPS for value in vars(group).values() if isinstance(value, Series)
)
"""All of them."""
