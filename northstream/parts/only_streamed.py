"""Stands in for the measuring of the catalogue where nothing measures it: its texts are known, its values are not.

Does not measure: the streamed metrics are read from their counters by the API itself.
"""

from collections.abc import Sequence
from datetime import date

from schemas.catalogue import Catalogue
from schemas.definitions import Workspace
from schemas.measuring import (
    BestAndChurned,
    CohortQuestion,
    CohortTable,
    Explanation,
    FactRow,
    FunnelReach,
    MeasuredSeries,
    Member,
    NotComputable,
    Segment,
    SeriesQuestion,
    UnknownDimension,
    VariantOutcome,
)

_WHY = "this role does not measure the catalogue"


class OnlyStreamed:
    """`schemas.measuring.Measures` without a measuring engine."""

    def __init__(self, workspace: Workspace) -> None:
        self._catalogue = Catalogue({metric.id: metric for metric in workspace.metrics})

    def catalogue(self) -> Catalogue:
        return self._catalogue

    def findings(self) -> Sequence[str]:
        return ()

    def series(self, question: SeriesQuestion) -> MeasuredSeries:
        if question.split or question.filters:
            raise UnknownDimension("there are no dimensions here")
        raise NotComputable(_WHY)

    def over(
        self,
        metric: str,
        ranges: Sequence[tuple[date, date]],
        filters: tuple[Segment, ...] = (),
        split: str = "",
        top: int = 8,
    ) -> MeasuredSeries:
        raise NotComputable(_WHY)

    def complete_through_ms(self, metric: str) -> int | None:
        return None

    def cohorts(self, question: CohortQuestion) -> CohortTable:
        raise NotComputable(_WHY)

    def members(self, question: SeriesQuestion, limit: int, offset: int = 0) -> Sequence[Member]:
        raise NotComputable(_WHY)

    def explain(self, metric: str, before: tuple[date, date], after: tuple[date, date]) -> Explanation:
        raise NotComputable(_WHY)

    def funnel(self, funnel: str, first: date, last: date, filters: tuple[Segment, ...]) -> FunnelReach:
        raise UnknownDimension("there are no dimensions here")

    def experiment(self, experiment: str, conversion: str, first: date, last: date) -> Sequence[VariantOutcome]:
        raise NotComputable(_WHY)

    def best_and_churned(self, first: date, last: date) -> BestAndChurned:
        raise NotComputable(_WHY)

    def dimensions(self) -> Sequence[str]:
        return ()

    def segment_values(self, dimension: str, limit: int = 50) -> Sequence[str | None]:
        raise UnknownDimension("there are no dimensions here")

    def write_facts(self, rows: Sequence[FactRow]) -> int:
        raise NotComputable(_WHY)

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]:
        return ()
