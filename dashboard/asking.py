"""What the routes of the read API read from, and the questions about metrics that several of them share.

Does not answer requests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.failures import Failure, Reason
from dashboard.metrics import Edition, Question, bare_definitions, is_streamed, read_series
from dashboard.moments import Today, WorkspaceClock
from dashboard.periods import Days, Grain
from dashboard.questions import WHOLE, Segments
from dashboard.reading import Reader
from schemas.catalogue import MetricDefinition
from schemas.definitions import Language, Workspace
from schemas.measuring import MeasuredSeries, Measures, SeriesQuestion
from schemas.notes import Notes
from schemas.reading import Reports


@dataclass(frozen=True, slots=True)
class ApiContext:
    """What the routes read from. `alerts`: where every alert rule stands now; may block.

    `notes`: what people write down; None where there is nothing to write on.
    """

    reports: Reports
    measures: Measures
    reader: Reader
    workspace: Workspace
    clock: WorkspaceClock
    alerts: Callable[[], Sequence[Mapping[str, Any]]]
    notes: Notes | None = None

    def language(self, asked: Language | None) -> Language:
        return asked or self.workspace.language

    def metrics(self) -> Mapping[str, MetricDefinition]:
        """Every metric that can be asked for; the streamed ones also where the workspace does not describe them."""
        return bare_definitions() | dict(self.measures.catalogue().metrics)

    def metric(self, metric_id: str) -> MetricDefinition:
        """Raises `Failure`: 404 for an unknown metric."""
        found = self.metrics().get(metric_id)
        if found is None:
            raise Failure(Reason.NOT_FOUND, f'there is no metric "{metric_id[:100]}"')
        return found

    def described(self, metric_id: str) -> MetricDefinition:
        """A metric that the catalogue describes. Raises `Failure`: 404, also for a bare streamed one."""
        if metric_id not in self.measures.catalogue().metrics:
            raise Failure(Reason.NOT_FOUND, f'the catalogue does not describe "{metric_id[:100]}"')
        return self.metric(metric_id)


@dataclass(frozen=True, slots=True)
class SeriesAsked:
    """A metric over time, as a caller asks for it."""

    metric: MetricDefinition
    days: Days
    grain: Grain
    edition: Edition = "now"
    segments: Segments = WHOLE
    top: int = 8


def measure(context: ApiContext, asked: SeriesAsked, today: Today) -> tuple[int | None, MeasuredSeries]:
    """How far the values are complete (Unix ms), and the values. Blocks.

    The streamed metrics are read from the counters, as fresh as the request; all others, and segments, are measured.

    Raises:
        Failure: 404 for segments of what the catalogue does not describe, 422 for a first edition of what no ledger of
            published days undoes.
        UnknownDimension: it cannot be split or filtered so.
        NotComputable: its definition cannot be computed.
    """
    if is_streamed(asked.metric) and asked.segments == WHOLE:
        window = context.workspace.stream.activation_window_seconds
        question = Question(asked.metric, asked.days, asked.grain, asked.edition, window)
        series = read_series(context.reports, question, today)
        return series.completeness.complete_through_ms, MeasuredSeries(series.values)
    if asked.edition == "first":
        raise Failure(Reason.INVALID_PARAMETER, "as_of: first editions are known of whole streamed metrics only")
    context.described(asked.metric.id)
    through_ms = context.measures.complete_through_ms(asked.metric.id)
    return through_ms, context.measures.series(
        SeriesQuestion(
            asked.metric.id,
            asked.days.first,
            asked.days.last,
            asked.grain,
            asked.segments.filters,
            asked.segments.split,
            asked.top,
        )
    )
