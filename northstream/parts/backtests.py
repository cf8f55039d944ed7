"""Backtests over the warehouse, by the alert rules as their files say now.

Does not judge or gather: see `northstream.alert_backtest`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from threading import Lock

from alerting.numbers import Numbers, Point
from metrics.courses import CourseReader
from metrics.dimensions import Dimensions
from northstream.alert_backtest import AlertBacktests
from northstream.alert_past import PastReader
from northstream.clock import unix_ms
from northstream.numbers.segments import SegmentPoints
from northstream.parts.alert_numbers import numbers_at_once
from northstream.parts.stores import Stores
from northstream.settings import Settings
from northstream.workspaces import workspace_folder
from schemas.alert_folder import load_alerts
from schemas.alerts import AlertDefinitions, Bucket, MetricSubject, Subject
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED
from schemas.definitions import Workspace
from schemas.measuring import Measures
from schemas.workspace_folder import WorkspaceErrors


def create_backtests(stores: Stores, settings: Settings, measures: Measures) -> AlertBacktests:
    """Over what is stored and published now; nothing is read before a rule is asked about."""
    workspace = stores.workspace

    def metrics() -> Mapping[str, MetricDefinition]:
        return measures.catalogue().metrics

    def first_day() -> date | None:
        days = stores.reports.data_days()
        return days[0] if days is not None else None

    traits = [[trait.name for trait in traits] for traits in (workspace.person_traits, workspace.group_traits)]
    courses = CourseReader(stores.warehouse, workspace.stream, Dimensions(*traits), unix_ms, metrics)
    calendar = Calendar(workspace.stream.timezone)
    numbers = _Measured(numbers_at_once(stores, measures), SegmentPoints(measures, calendar))
    past = PastReader(numbers, calendar, unix_ms, first_day, courses)
    definitions = _Files(workspace, workspace_folder(settings), measures)
    return AlertBacktests(definitions.current, past, workspace.stream.timezone)


class _Measured:
    """`alerting.numbers.Numbers` for the past: what was never published can be measured all the same."""

    def __init__(self, numbers: Numbers, measured: SegmentPoints) -> None:
        self._numbers = numbers
        self._measured = measured

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        if isinstance(subject, MetricSubject) and (subject.segments or subject.metric not in STREAMED):
            return self._measured.points(subject, bucket, count, now_ms)
        return self._numbers.series(subject, bucket, count, now_ms)

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        return self._numbers.last_seen_ms(subject, now_ms)


class _Files:
    """The files as they are when somebody asks; while they are broken, what they said before."""

    def __init__(self, workspace: Workspace, folder: Path, measures: Measures) -> None:
        self._workspace = workspace
        self._folder = folder
        self._measures = measures
        self._lock = Lock()
        self._last = workspace.alerts

    def current(self) -> AlertDefinitions:
        metrics = self._measures.catalogue().metrics
        with self._lock:
            try:
                self._last = load_alerts(self._folder, self._workspace, metrics, None)
            except WorkspaceErrors:
                return self._last
            return self._last
