"""Reads how a metric is computed: the mapping `compute`, which names exactly one kind.

Does not compute: see the package `metrics`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from schemas.computes import (
    STREAMED,
    Actives,
    AtRisk,
    Balance,
    BalancePart,
    Compute,
    Concentration,
    Conversion,
    Count,
    Counter,
    Distinct,
    EventSet,
    Expression,
    Fact,
    FunnelConversion,
    Mean,
    Ratio,
    Retention,
    Sessions,
    Sql,
    Subject,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.event_set_files import read_event_set
from schemas.expressions import ExpressionError, names_of, parse_expression
from schemas.reading import STREAMING_COUNTERS, funnel_counter
from schemas.references import check_known, is_id
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

BROKEN = Count(EventSet())
"""Stands for a computation that could not be read; there is a finding then."""

CAUSES = ("upgrade", "add_on", "cross_sell", "usage")
_OVER: tuple[Literal["last_day", "sum"], ...] = ("last_day", "sum")
_SUBJECTS: tuple[Subject, ...] = ("person", "account")


@dataclass(frozen=True, slots=True)
class Known:
    """What a computation may refer to. `funnels`: number of steps by id. `signup`: the event that begins cohorts."""

    events: Collection[str]
    funnels: Mapping[str, int]
    signup: str

    @property
    def counters(self) -> tuple[str, ...]:
        steps = (funnel_counter(name, step + 1) for name, count in self.funnels.items() for step in range(count))
        return (*STREAMING_COUNTERS, *steps)


@dataclass(slots=True)
class ComputeReader:
    """Reads computations; `needs` gathers the metrics that they refer to, with their places."""

    known: Known
    needs: list[Text] = field(default_factory=list)

    def read(self, section: Section) -> Compute:
        """The one kind that the mapping names."""
        kinds = [name for name in KINDS if name in section]
        if len(kinds) > 1:
            section.report(section.line, f"names {len(kinds)} kinds of computation: {', '.join(kinds)}; keep one")
            return BROKEN
        empty = [name for name in section.names() if name in KINDS]
        if not kinds and empty:
            section.report(section.line_of(empty[0]), f'"{empty[0]}" is empty; write {{}} when there is nothing to say')
        elif not section.names():
            section.report(section.line, f"names no kind of computation; there are {', '.join(KINDS)}")
        compute = KINDS[kinds[0]](self, section) if kinds else BROKEN
        section.close()
        return compute

    def source(self, section: Section) -> EventSet:
        return read_event_set(section, self.known.events)

    def source_at(self, section: Section, key: str) -> EventSet:
        """The messages of a mapping of its own, which must be there."""
        inner = section.section(key)
        if inner is None:
            section.report(section.line_of(key), f'"{key}" is missing; name its events')
            return EventSet()
        found = self.source(inner)
        inner.close()
        return found

    def part(self, section: Section, key: str) -> "str | Compute":
        """A metric's id, or a computation of its own."""
        if section.is_scalar(key):
            name = section.placed(key)
            self.needs.append(name)
            return name.value
        inner = section.section(key)
        if inner is None:
            section.report(section.line_of(key), f'"{key}" is missing; give a metric or a computation')
            return BROKEN
        return self.read(inner)


_Kind = Callable[[ComputeReader, Section], Compute]


def _with_section(key: str, read: Callable[[ComputeReader, Section], Compute]) -> _Kind:
    """The kind's own mapping is read and closed."""

    def read_kind(reader: ComputeReader, parent: Section) -> Compute:
        section = parent.section(key)
        if section is None:
            return BROKEN
        compute = read(reader, section)
        section.close()
        return compute

    return read_kind


def _subject(section: Section) -> Subject:
    return section.choice("of", _SUBJECTS, "person")


def _read_counter(reader: ComputeReader, parent: Section) -> Compute:
    """`counter: dau`, or `counter: {numerator, denominator, over, matures}`."""
    if parent.is_scalar("counter"):
        name = parent.placed("counter")
        check_known(name, "counter", reader.known.counters, parent.findings)
        return STREAMED.get(name.value, Counter(name.value))
    section = parent.section("counter")
    if section is None:
        return BROKEN
    numerator, denominator = section.placed("numerator"), section.placed("denominator", required=False)
    for name in (numerator, denominator):
        check_known(name, "counter", reader.known.counters, parent.findings)
    over, matures = section.choice("over", _OVER, "sum"), section.flag("matures")
    section.close()
    return Counter(numerator.value, denominator.value or None, over, matures)


def _read_count(reader: ComputeReader, section: Section) -> Compute:
    return Count(reader.source(section))


def _read_distinct(reader: ComputeReader, section: Section) -> Compute:
    return Distinct(reader.source(section), _subject(section), section.flag("first"))


def _read_sum(reader: ComputeReader, section: Section) -> Compute:
    return Sum(reader.source(section), section.text("property", required=True))


def _read_mean(reader: ComputeReader, section: Section) -> Compute:
    return Mean(reader.source(section), section.text("property", required=True))


def _read_actives(reader: ComputeReader, section: Section) -> Compute:
    return Actives(reader.source(section), section.days("window", 30, required=True), _subject(section))


def _read_funnel(reader: ComputeReader, section: Section) -> Compute:
    funnel = section.placed("funnel")
    check_known(funnel, "funnel", reader.known.funnels, section.findings)
    steps = reader.known.funnels.get(funnel.value, 2)
    step, first = section.whole("step", steps), section.whole("from", 1)
    if funnel.value in reader.known.funnels and step > steps:
        section.report(section.line_of("step"), f'the funnel "{funnel.value}" has {steps} steps')
    elif first >= step:
        section.report(section.line_of("from"), '"from" must come before "step"')
    return FunnelConversion(funnel.value, step, first)


def _read_conversion(reader: ComputeReader, section: Section) -> Compute:
    start, end = reader.source_at(section, "start"), reader.source_at(section, "end")
    within = int(section.duration("within", 0.0)) or None
    return Conversion(start, end, _subject(section), within)


def _read_time_between(reader: ComputeReader, section: Section) -> Compute:
    start, end = reader.source_at(section, "start"), reader.source_at(section, "end")
    statistics: tuple[Literal["median", "mean"], ...] = ("median", "mean")
    statistic = section.choice("statistic", statistics, "median")
    return TimeBetween(start, end, _subject(section), statistic, section.text("pair_by"))


def _read_retention(reader: ComputeReader, section: Section) -> Compute:
    periods: tuple[Literal["day", "week", "month"], ...] = ("day", "week", "month")
    modes: tuple[Literal["on", "on_or_after"], ...] = ("on", "on_or_after")
    if "after" not in section:
        section.report(section.line, '"after" is missing; add the number of periods')
    has_cohort, has_activity = "cohort" in section, "activity" in section
    return Retention(
        after=section.whole("after", 1),
        period=section.choice("period", periods, "day"),
        mode=section.choice("mode", modes, "on"),
        cohort=reader.source_at(section, "cohort") if has_cohort else EventSet((reader.known.signup,)),
        activity=reader.source_at(section, "activity") if has_activity else EventSet(active=True),
    )


def _read_balance(reader: ComputeReader, section: Section) -> Compute:
    parts: tuple[BalancePart, ...] = get_args(BalancePart)
    part = section.choice("part", parts, "end", required=True)
    cause = section.choice("cause", CAUSES, "") if "cause" in section else ""
    if cause and part != "expansion":
        section.report(section.line_of("cause"), '"cause" narrows the part "expansion" only')
    return Balance(part, cause, section.whole("months", 0, minimum=0))


def _read_concentration(reader: ComputeReader, section: Section) -> Compute:
    percent = section.number("percent", 20.0)
    if not 0 < percent <= 100:
        section.report(section.line_of("percent"), '"percent" must be above 0 and at most 100')
    return Concentration(percent)


def _read_fact(reader: ComputeReader, section: Section) -> Compute:
    aggregates: tuple[Literal["sum", "last", "mean"], ...] = ("sum", "last", "mean")
    return Fact(
        fact=section.text("fact", required=True),
        aggregate=section.choice("aggregate", aggregates, "sum"),
        categories=tuple(name.value for name in section.texts("categories")),
        channels=tuple(name.value for name in section.texts("channels")),
    )


def _read_sessions(reader: ComputeReader, section: Section) -> Compute:
    parts: tuple[Literal["count", "per_person", "duration", "bounces"], ...]
    parts = ("count", "per_person", "duration", "bounces")
    return Sessions(section.choice("part", parts, "count", required=True))


def _read_usage_interval(reader: ComputeReader, section: Section) -> Compute:
    return UsageInterval()


def _read_at_risk(reader: ComputeReader, section: Section) -> Compute:
    return AtRisk(section.whole("idle_days", 30))


def _read_ratio(reader: ComputeReader, section: Section) -> Compute:
    numerator, denominator = reader.part(section, "numerator"), reader.part(section, "denominator")
    scale = section.number("scale", 1.0)
    if scale <= 0:
        section.report(section.line_of("scale"), '"scale" must be above 0')
    return Ratio(numerator, denominator, scale)


def _read_expression(reader: ComputeReader, parent: Section) -> Compute:
    """`expression: "a / b"`, beside it `terms`."""
    text = parent.text("expression")
    line = parent.line_of("expression")
    terms = _read_terms(reader, parent)
    try:
        names = names_of(parse_expression(text))
    except ExpressionError as error:
        parent.report(line, f'"expression" {_sentence(error)} (column {error.column} of "{text}")')
        return Expression(text, terms)
    reader.needs.extend(Text(name, parent.file, line) for name in sorted(names - set(terms)))
    for name in sorted(set(terms) - names):
        parent.report(parent.line_of("terms"), f'the expression does not use the term "{name}"; remove it')
    return Expression(text, terms)


def _sentence(error: ExpressionError) -> str:
    message = str(error)
    return message if message.startswith(("is ", "cannot ")) else f"cannot be read: {message}"


def _read_terms(reader: ComputeReader, parent: Section) -> dict[str, Compute]:
    section = parent.section("terms")
    if section is None:
        return {}
    terms: dict[str, Compute] = {}
    for name in section.names():
        if not is_id(name):
            section.report(section.line_of(name), f'a term must be named like new_users (a–z, 0–9, _), not "{name}"')
        inner = section.section(name)
        terms[name] = BROKEN if inner is None else reader.read(inner)
    return terms


def _read_sql(reader: ComputeReader, section: Section) -> Compute:
    query = section.text("query", required=True).strip().rstrip(";").strip()
    line = section.line_of("query")
    if query and query.split(None, 1)[0].lower() not in ("select", "with"):
        section.report(line, '"query" must be one SELECT')
    elif ";" in query:
        section.report(line, '"query" must be one statement, without ";"')
    for bound in ("{first:Date}", "{last:Date}"):
        if query and bound not in query:
            section.report(line, f'"query" must use {bound}, so that it reads no more days than are asked for')
    return Sql(query, section.choice("over", _OVER, "sum"))


KINDS: Mapping[str, _Kind] = {
    "counter": _read_counter,
    "count": _with_section("count", _read_count),
    "distinct": _with_section("distinct", _read_distinct),
    "sum": _with_section("sum", _read_sum),
    "mean": _with_section("mean", _read_mean),
    "actives": _with_section("actives", _read_actives),
    "funnel": _with_section("funnel", _read_funnel),
    "conversion": _with_section("conversion", _read_conversion),
    "time_between": _with_section("time_between", _read_time_between),
    "retention": _with_section("retention", _read_retention),
    "balance": _with_section("balance", _read_balance),
    "concentration": _with_section("concentration", _read_concentration),
    "fact": _with_section("fact", _read_fact),
    "sessions": _with_section("sessions", _read_sessions),
    "usage_interval": _with_section("usage_interval", _read_usage_interval),
    "at_risk": _with_section("at_risk", _read_at_risk),
    "ratio": _with_section("ratio", _read_ratio),
    "expression": _read_expression,
    "sql": _with_section("sql", _read_sql),
}
