"""Incidents and controls of alerts kept in memory, and a past that nobody knows, for tests of those who show them.

Does not survive anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.alert_controls import Acknowledgement, Silence, Wish
from schemas.alert_history import Incident, IncidentsQuestion
from schemas.backtests import Backtest, NoBacktest


@dataclass
class RememberedControls:
    """Implements `schemas.alert_controls.AlertControls`."""

    kept: list[Silence | Acknowledgement | Wish] = field(default_factory=list)

    def silences(self, from_ms: int) -> Sequence[Silence]:
        newest: dict[str, Silence] = {}
        for each in self.kept:
            if isinstance(each, Silence):
                newest[each.stamp.id] = each
        open_ones = [each for each in newest.values() if not each.stamp.is_gone and each.ends_ms > from_ms]
        return sorted(open_ones, key=lambda silence: silence.ends_ms)

    def acknowledgements(self, from_ms: int) -> Sequence[Acknowledgement]:
        return [each for each in self.kept if isinstance(each, Acknowledgement) and each.at_ms >= from_ms]

    def wishes(self, from_ms: int) -> Sequence[Wish]:
        return [each for each in self.kept if isinstance(each, Wish) and each.at_ms >= from_ms]

    def append(self, control: Silence | Acknowledgement | Wish) -> None:
        self.kept.append(control)


@dataclass
class RememberedHistory:
    """Implements `schemas.alert_history.AlertHistory`."""

    kept: list[Incident] = field(default_factory=list)

    def incidents(self, question: IncidentsQuestion) -> Sequence[Incident]:
        found = [
            each
            for each in self.kept
            if question.rule in ("", each.rule)
            and question.metric in ("", each.metric)
            and each.started_ms < question.to_ms
            and (each.ended_ms is None or each.ended_ms >= question.from_ms)
        ]
        found.sort(key=lambda incident: -incident.started_ms)
        return found[question.offset : question.offset + question.limit]


class ForgottenPast:
    """Implements `schemas.backtests.Backtests`: there is no such rule."""

    def run(self, rule: str, days: int, condition: str = "") -> Backtest:
        raise NoBacktest(f'there is no rule "{rule}"', is_unknown=True)
