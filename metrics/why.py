"""Explains a metric's change between two periods: by the inputs of its formula, by segments, with the tree's levers.

Puts together; the shares come from `metrics.explain` and `metrics.segment_changes`, the doubts from `metrics.doubts`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from metrics.asking import Bucket, Pair
from metrics.doubts import Intake, IntakeReader, has_come
from metrics.evaluation import SegmentValues, Span
from metrics.explain import Change, Known, by_inputs, inputs_of, marked, quotient
from metrics.formula import Arithmetic, Division, Formula, Leaf
from metrics.kinds import value_of
from metrics.segment_changes import addends_of, is_rate, shares_of
from schemas.catalogue import Catalogue, TreeNode
from schemas.computes import Compute, Counter, Ratio
from schemas.expressions import Node, Previous
from schemas.measuring import Doubt, Explanation, Lever, NotComputable, Share, UnknownDimension

NOT_SPLIT = "account"
"""Segments are groups; single accounts are seen in the list of members."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are had. `whole`: a formula's pair for each span. `segments`: the same by segment, all of them."""

    whole: Callable[[Formula, Sequence[Span]], Sequence[Pair]]
    segments: Callable[[Formula, Sequence[Span], str], Sequence[SegmentValues]]
    dimensions: Callable[[], Sequence[str]]
    complete_through_ms: Callable[[Formula], int | None]
    is_restated: Callable[[str, Bucket], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """The metric's formula and the two periods, the earlier one first."""

    metric: str
    formula: Formula
    spans: tuple[Span, Span]


@dataclass(frozen=True, slots=True)
class _Inputs:
    """A formula over named parts."""

    node: Node
    parts: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Raises `schemas.measuring.NotComputable`, `schemas.reading.ReadingUnavailable`."""

    reading: Reading
    intake: IntakeReader

    def explain(self, asked: Asked, catalogue: Catalogue, formulas: Mapping[str, Formula]) -> Explanation:
        """`formulas` are those of the catalogue's metrics."""
        before, after = asked.spans
        intake = self.intake.read(before.bucket, after.bucket)
        change = self._change(asked.formula, asked.spans)
        doubt = self._doubt(asked, intake)
        inputs = self._inputs(asked, catalogue, change, intake) or self._two_numbers(asked, change, doubt)
        return Explanation(
            asked.metric,
            *change,
            inputs,
            {dimension: shares for dimension, shares in self._by_dimension(asked, change, doubt) if shares},
            [
                self._lever(replace(asked, metric=lever, formula=formulas[lever]), intake)
                for lever in _levers(asked.metric, catalogue, {share.name for share in inputs})
                if lever in formulas
            ],
        )

    def _inputs(self, asked: Asked, catalogue: Catalogue, change: Change, intake: Intake) -> list[Share]:
        inputs = _inputs_of(asked.formula, catalogue.metrics[asked.metric].compute)
        if inputs is None:
            return []
        known = [self._known(inputs, span) for span in asked.spans]
        doubts = {
            name: self._doubt(replace(asked, metric=name, formula=part), intake) for name, part in inputs.parts.items()
        }
        return marked(by_inputs(inputs.node, known[0], known[1], change), doubts)

    def _known(self, inputs: _Inputs, span: Span) -> Known:
        """What each name of the formula stands for in a period, and in the one before it."""
        earlier = Span(span.before, span.before)
        return {
            name: value_of(
                self.reading.whole(inputs.parts[name.id], [earlier if isinstance(name, Previous) else span])[0]
            )
            for name in inputs_of(inputs.node)
        }

    def _two_numbers(self, asked: Asked, change: Change, doubt: Doubt) -> list[Share]:
        """The shares of numerator and denominator of a computation that is made of no others."""
        names = _names_of_rate(asked.formula)
        if names is None:
            return []
        node = quotient(*names)
        pairs = self.reading.whole(asked.formula, asked.spans)
        before, after = (dict(zip(inputs_of(node), (pair.numerator, pair.denominator), strict=True)) for pair in pairs)
        return [replace(share, suspect=doubt) for share in by_inputs(node, before, after, change)]

    def _by_dimension(self, asked: Asked, change: Change, doubt: Doubt) -> Iterator[tuple[str, list[Share]]]:
        addends = addends_of(asked.formula)
        for dimension in self.reading.dimensions() if addends else ():
            if dimension == NOT_SPLIT:
                continue
            try:
                rows = [self.reading.segments(addend, asked.spans, dimension) for addend in addends]
            except (UnknownDimension, NotComputable):
                continue
            wholes = [self.reading.whole(addend, asked.spans) for addend in addends]
            yield dimension, [replace(share, suspect=doubt) for share in shares_of(rows, wholes, change)]

    def _lever(self, asked: Asked, intake: Intake) -> Lever:
        return Lever(asked.metric, *self._change(asked.formula, asked.spans), self._doubt(asked, intake))

    def _change(self, formula: Formula, spans: Sequence[Span]) -> Change:
        before, after = (value_of(pair) for pair in self.reading.whole(formula, spans))
        return before, after

    def _doubt(self, asked: Asked, intake: Intake) -> Doubt:
        """The gravest doubt about a number in one of the two periods."""
        buckets = [span.bucket for span in asked.spans]
        through = self.reading.complete_through_ms(asked.formula)
        if not all(has_come(self.intake.calendar, bucket, through) for bucket in buckets):
            return "incomplete"
        if any(pair.is_maturing for pair in self.reading.whole(asked.formula, asked.spans)):
            return "maturing"
        if self.intake.has_spike(intake, asked.formula):
            return "quarantine"
        return "restated" if any(self.reading.is_restated(asked.metric, bucket) for bucket in buckets) else ""


def _inputs_of(formula: Formula, compute: Compute) -> _Inputs | None:
    match formula:
        case Arithmetic(node=node, parts=parts):
            return _Inputs(node, parts)
        case Division(numerator=numerator, denominator=denominator, scale=scale):
            names = _names_of_ratio(compute)
            return _Inputs(quotient(*names, scale=scale), dict(zip(names, (numerator, denominator), strict=True)))
        case _:
            return None


def _names_of_rate(formula: Formula) -> tuple[str, str] | None:
    """None: it is counted, and not one number over another."""
    match formula:
        case Leaf(compute=Counter(numerator=above, denominator=str(below))):
            return above, below
        case Leaf(compute=compute) if is_rate(compute):
            return "numerator", "denominator"
        case _:
            return None


def _names_of_ratio(compute: Compute) -> tuple[str, str]:
    """The metrics that it names; a computation of its own is known by its place."""
    above, below = "numerator", "denominator"
    if isinstance(compute, Ratio) and compute.numerator != compute.denominator:
        above = compute.numerator if isinstance(compute.numerator, str) else above
        below = compute.denominator if isinstance(compute.denominator, str) else below
    return above, below


def _levers(metric: str, catalogue: Catalogue, shared: Collection[str]) -> list[str]:
    """The inputs of a metric in the tree that have no share of its change."""
    return [one.metric for one in _inputs_in(catalogue.tree, metric) if one.metric not in shared]


def _inputs_in(node: TreeNode | None, metric: str) -> Sequence[TreeNode]:
    if node is None:
        return ()
    if node.metric == metric:
        return node.inputs
    return next((found for one in node.inputs if (found := _inputs_in(one, metric))), ())
