"""The weekly ritual as data: KPIs against targets, gaps, what moved and why, decisions and actions of two weeks.

Does not word or draw it: see `digest_words`. Reads `Measures` and `Notes`, and no clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from schemas.catalogue import BoardDefinition, Catalogue, MetricDefinition, TreeNode
from schemas.colours import Colour, fits, span_of, status_of
from schemas.measuring import Measures, NotComputable, Share, Value
from schemas.notes import Action, Decision, Notes, NotesQuestion

WEEK = timedelta(days=7)
MOST_KPIS = 12
MOST_MOVES = 3
MOST_REASONS = 4
_PERIOD_DAYS = {"day": 7, "week": 7, "month": 28}
_COHORTS_BACK = 13
"""How many weeks back a cohort is looked for whose value no longer rises with its age."""

_LISTED = 500


@dataclass(frozen=True, slots=True)
class Kpi:
    """A metric over the days from `first` to `last`, and over as many days before (`previous`).

    A cohort that is still maturing gives way to the latest one that is not, if there is one.
    """

    metric: MetricDefinition
    first: date
    last: date
    value: Decimal | None
    previous: Decimal | None
    colour: Colour
    is_maturing: bool
    is_against_target: bool

    @property
    def is_gap(self) -> bool:
        """Red or orange, or a condition that was to be met by now."""
        target = self.metric.target
        is_late = bool(target.condition) and not target.is_met and target.by is not None and target.by <= self.last
        return self.colour in ("red", "orange") or is_late

    @property
    def before(self) -> tuple[date, date]:
        """The days that `previous` is of."""
        length = self.last - self.first + timedelta(days=1)
        step = WEEK if length <= WEEK else length
        return self.first - step, self.last - step


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a change. `dimension`: by which segments it was taken apart; empty for an input of the tree."""

    dimension: str
    share: Share


@dataclass(frozen=True, slots=True)
class Move:
    """A KPI that moved, and what made it: the largest parts first."""

    kpi: Kpi
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Digest:
    """The ritual of one week. `earlier_actions`: those noted before that were open when it began or ended in it.

    `is_settled`: the week is over, and everything received until its end is in the numbers.
    """

    monday: date
    last: date
    is_running: bool
    is_settled: bool
    kpis: Sequence[Kpi]
    gaps: Sequence[Kpi]
    moves: Sequence[Move]
    earlier_decisions: Sequence[Decision]
    earlier_actions: Sequence[Action]
    decisions: Sequence[Decision]
    actions: Sequence[Action]
    not_computable: Sequence[str] = ()


def compose(measures: Measures, notes: Notes, monday: date, today: date, end_ms: int) -> Digest:
    """The digest of the week that begins on `monday`, as known now; a week to come is as empty as it is.

    `end_ms`: the instant (Unix ms) at which the week is over in the workspace's time zone.

    May raise `schemas.reading.ReadingUnavailable`.
    """
    catalogue = measures.catalogue()
    last = min(monday + WEEK - timedelta(days=1), max(today, monday))
    wanted = chosen_metrics(catalogue)
    through = [measures.complete_through_ms(name) for name in wanted]
    with measures.one_moment():
        found, failed = _measured(measures, catalogue, wanted, monday, last)
    gaps = sorted((kpi for kpi in found.values() if kpi.is_gap), key=lambda kpi: _urgency(kpi, wanted))
    chosen = [found[name] for name in wanted if name in found][:MOST_KPIS]
    decisions = notes.decisions(NotesQuestion(monday - WEEK, monday, limit=_LISTED))
    earlier, own = _actions(notes, monday, last)
    return Digest(
        monday=monday,
        last=last,
        is_running=last >= today,
        is_settled=last < today and all(moment is not None and moment >= end_ms for moment in through),
        kpis=chosen,
        gaps=gaps,
        moves=_moves(measures, chosen),
        earlier_decisions=[each for each in decisions if each.week < monday],
        earlier_actions=earlier,
        decisions=[each for each in decisions if each.week == monday],
        actions=own,
        not_computable=failed,
    )


def chosen_metrics(catalogue: Catalogue) -> list[str]:
    """The metrics of the ritual: the north star, what the exec and the opening board show, then the tree; once each.

    Only active ones that somebody has set a target or a threshold for, but for the north star.
    """
    star = [catalogue.tree.metric] if catalogue.tree else []
    boards = [board for board in catalogue.boards.values() if board.kind == "exec"]
    opening = catalogue.boards.get(catalogue.opening_board)
    shown = [name for board in (*boards, *([opening] if opening else [])) for name in _numbers_of(board)]
    below = [node.metric for node in _nodes(catalogue.tree)] if catalogue.tree else []
    known = (name for name in dict.fromkeys((*star, *shown, *below)) if name in catalogue.metrics)
    return [name for name in known if name in star or _is_aimed(catalogue.metrics[name])]


def _numbers_of(board: BoardDefinition) -> Iterator[str]:
    for section in board.sections:
        for card in section.cards:
            if card.kind in ("number", "line", "bars"):
                yield from card.metrics


def _nodes(node: TreeNode) -> Iterator[TreeNode]:
    yield node
    for below in node.inputs:
        yield from _nodes(below)


def _is_aimed(metric: MetricDefinition) -> bool:
    target = metric.target
    has_aim = target.value is not None or bool(target.condition) or metric.orange is not None or metric.red is not None
    return metric.lifecycle == "active" and has_aim


def _measured(
    measures: Measures, catalogue: Catalogue, wanted: Sequence[str], monday: date, last: date
) -> tuple[dict[str, Kpi], Sequence[str]]:
    """Every metric that can be a KPI or a gap, and sentences about those that cannot be computed."""
    found: dict[str, Kpi] = {}
    failed = []
    steered = _steered(catalogue)
    for name, metric in catalogue.metrics.items():
        if name in wanted or (name in steered and _may_be_gap(metric)):
            try:
                found[name] = _kpi(measures, catalogue, metric, monday, last)
            except NotComputable as problem:
                failed.append(f"{name}: {problem}")
    return found, failed


def _steered(catalogue: Catalogue) -> set[str]:
    """What the company is steered by: its tree, the opening board and the boards of the executives."""
    opening = catalogue.opening_board
    boards = [board for board in catalogue.boards.values() if board.kind == "exec" or board.id == opening]
    shown = {name for board in boards for section in board.sections for card in section.cards for name in card.metrics}
    return shown | ({node.metric for node in _nodes(catalogue.tree)} if catalogue.tree else set())


def _may_be_gap(metric: MetricDefinition) -> bool:
    """Without a threshold or a condition nothing is a gap, and need not be measured."""
    is_judged = metric.orange is not None or metric.red is not None or bool(metric.target.condition)
    return metric.lifecycle == "active" and is_judged


def _kpi(measures: Measures, catalogue: Catalogue, metric: MetricDefinition, monday: date, last: date) -> Kpi:
    span = span_of(metric, catalogue.metrics)
    days = _PERIOD_DAYS[span or "week"]
    first = monday if days == 7 else last - timedelta(days=days - 1)
    step = timedelta(days=days)

    def window(back: int) -> tuple[date, date]:
        return first - back * step, last - back * step

    values = measures.over(metric.id, [window(0), window(1)]).values
    start, end = window(0)
    if values[0].is_maturing:
        whole = monday + WEEK - timedelta(days=1) if days == 7 else last
        cohorts = [(first - back * step, whole - back * step) for back in range(_COHORTS_BACK + 2)]
        at, values = _grown_up(measures.over(metric.id, cohorts).values)
        start, end = cohorts[at] if at else (start, end)
    is_against_target = fits(span, (end - start).days + 1) and not values[0].is_maturing
    return Kpi(
        metric=metric,
        first=start,
        last=end,
        value=values[0].value,
        previous=values[1].value,
        colour=status_of(metric, values[0].value) if is_against_target else "none",
        is_maturing=values[0].is_maturing,
        is_against_target=is_against_target,
    )


def _grown_up(values: Sequence[Value]) -> tuple[int, Sequence[Value]]:
    """How far back the latest cohort is that no longer matures, and its value with the one before; else the newest.

    Days on which nobody began are no cohort.
    """
    found = (back for back, each in enumerate(values[:-1]) if not each.is_maturing and each.value is not None)
    at = next(found, 0)
    return at, values[at : at + 2]


def _urgency(kpi: Kpi, wanted: Sequence[str]) -> tuple[int, int, str]:
    """Red first; in a colour the numbers of the ritual in their order, then all others by owner."""
    name = kpi.metric.id
    place = wanted.index(name) if name in wanted else len(wanted)
    return 1 if kpi.colour == "orange" else 0, place, kpi.metric.owner


def _actions(notes: Notes, monday: date, last: date) -> tuple[list[Action], list[Action]]:
    """Those of the weeks before that are still open or ended since last week; and those of this week."""
    own = [each for each in notes.actions(NotesQuestion(monday, monday, limit=_LISTED)) if each.week == monday]
    earlier = notes.actions(NotesQuestion(last=monday - WEEK, limit=_LISTED))
    return [each for each in earlier if _is_of_interest(each, monday)], own


def _is_of_interest(action: Action, monday: date) -> bool:
    """It was noted last week, or was still open when last week's ritual was over."""
    return action.week == monday - WEEK or action.closed_on is None or action.closed_on >= monday - WEEK


def _moves(measures: Measures, kpis: Sequence[Kpi]) -> list[Move]:
    """The KPIs that moved most, relative to where they were, with what made them move."""
    moved = [kpi for kpi in kpis if _size(kpi) > 0]
    moved.sort(key=_size, reverse=True)
    return [Move(kpi, _reasons(measures, kpi)) for kpi in moved[:MOST_MOVES]]


def _size(kpi: Kpi) -> Decimal:
    if kpi.value is None or not kpi.previous:
        return Decimal(0)
    return abs((kpi.value - kpi.previous) / kpi.previous)


def _reasons(measures: Measures, kpi: Kpi) -> list[Reason]:
    try:
        found = measures.explain(kpi.metric.id, kpi.before, (kpi.first, kpi.last))
    except (NotComputable, KeyError):
        return []
    inputs = [Reason("", share) for share in found.inputs if share.part != "rest"]
    by_segment = [
        Reason(dimension, share) for dimension, shares in found.segments.items() for share in shares if share.share
    ]
    largest = sorted(by_segment, key=lambda reason: abs(reason.share.share), reverse=True)
    first = sorted((each for each in inputs if each.share.share), key=lambda each: -abs(each.share.share))
    return [*first[: MOST_REASONS // 2], *largest][:MOST_REASONS]
