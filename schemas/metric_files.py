"""Reads the entries of the metric catalogue: `metrics/*.yaml`.

Does not compute anything, and does not judge style: see `schemas.metric_lint`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from schemas.catalogue import Benchmark, Label, LintException, MetricDefinition, Objective, Stage, Target, Unit
from schemas.compute_files import BROKEN, ComputeReader, Known
from schemas.computes import STREAMED, Compute
from schemas.expressions import FUNCTIONS
from schemas.references import read_id
from schemas.yaml_lines import Text, did_you_mean
from schemas.yaml_sections import Section

_UNITS: tuple[Unit, ...] = get_args(Unit)
_STAGES: tuple[Stage, ...] = get_args(Stage)
_MOST_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class PlacedMetric:
    """A metric and the metrics that its computation refers to, with their places."""

    definition: MetricDefinition
    needs: tuple[Text, ...]


def read_metric(section: Section, known: Known) -> PlacedMetric:
    """One entry of the catalogue."""
    reader = ComputeReader(known)
    identifier = _read_metric_id(section)
    metric = MetricDefinition(
        id=identifier,
        label=section.label("label", identifier),
        definition=section.label("definition", ""),
        unit=section.choice("unit", _UNITS, "count", required=True),
        owner=section.text("owner"),
        compute=_read_compute(section, identifier, reader),
        direction=section.choice("direction", ("up", "down"), "up"),
        version=section.whole("version", 1),
        target=_read_target(section),
        orange=section.decimal("orange"),
        red=section.decimal("red"),
        decimals=_read_decimals(section),
        per=_read_per(section),
        role=_read_role(section),
        timing=_read_timing(section),
        stage=read_stage(section, "stage"),
        source=section.text("source"),
        formula=section.text("formula"),
        decision=read_optional_label(section, "decision"),
        objective=_read_objective(section),
        benchmark=_read_benchmark(section),
        hypothesis=section.text("hypothesis"),
        lifecycle=section.choice("status", ("candidate", "active", "retired"), "active"),
        review_by=section.day("review_by"),
        refresh_seconds=_read_refresh(section),
        exceptions=read_exceptions(section),
        file=section.file,
        line=section.line,
    )
    section.close()
    _check_thresholds(metric, section)
    return PlacedMetric(metric, tuple(reader.needs))


def read_stage(section: Section, key: str) -> Stage | None:
    return section.choice(key, _STAGES, "finance") if key in section else None


def read_optional_label(section: Section, key: str) -> Label:
    """A text by language, or nothing."""
    return section.label(key, "") if key in section else {}


def read_exceptions(section: Section) -> tuple[LintException, ...]:
    """Lint rules that do not hold here; each needs its reason."""
    found = []
    for item in section.sections("exceptions"):
        found.append(LintException(item.text("rule", required=True), item.text("reason", required=True)))
        item.close()
    return tuple(found)


def _read_metric_id(section: Section) -> str:
    identifier = read_id(section)
    if identifier in FUNCTIONS:
        section.report(section.line_of("id"), f'"{identifier}" is a function of expressions; use another id')
    return identifier


def _read_compute(section: Section, identifier: str, reader: ComputeReader) -> Compute:
    """The streamed metrics of contracts §3 have theirs already; every other entry must say."""
    inner = section.section("compute")
    if identifier in STREAMED:
        if inner is not None:
            message = f'"{identifier}" is counted in the stream and means what the contract says; remove "compute"'
            section.report(section.line_of("compute"), f"{message}, or use another id")
        return STREAMED[identifier]
    if inner is not None:
        return reader.read(inner)
    if identifier and "compute" not in section:
        hint = did_you_mean(identifier, STREAMED) or '; add "compute"'
        section.report(section.line, f'nothing says how "{identifier}" is computed{hint}')
    return BROKEN


def _read_target(section: Section) -> Target:
    """`target: 40`, or `{value, by}`, or `{condition, met, by}`."""
    if section.is_scalar("target"):
        return Target(value=section.decimal("target"))
    inner = section.section("target")
    if inner is None:
        return Target()
    target = Target(inner.decimal("value"), inner.text("condition"), inner.flag("met"), inner.day("by"))
    inner.close()
    if (target.value is None) == (not target.condition):
        inner.report(inner.line, '"target" needs either a "value" or a "condition"')
    if target.is_met and not target.condition:
        inner.report(inner.line_of("met"), '"met" belongs to a "condition"')
    return target


def _read_decimals(section: Section) -> int | None:
    if "decimals" not in section:
        return None
    decimals = section.whole("decimals", 0, minimum=0)
    if decimals > _MOST_DECIMALS:
        section.report(section.line_of("decimals"), f'"decimals" can be {_MOST_DECIMALS} at most')
    return decimals


def _read_per(section: Section) -> Literal["day", "week", "month", ""]:
    spans: tuple[Literal["day", "week", "month"], ...] = ("day", "week", "month")
    return section.choice("per", spans, "day") if "per" in section else ""


def _read_role(section: Section) -> Literal["nsm", "input", ""]:
    roles: tuple[Literal["nsm", "input"], ...] = ("nsm", "input")
    return section.choice("role", roles, "input") if "role" in section else ""


def _read_timing(section: Section) -> Literal["leading", "lagging", ""]:
    timings: tuple[Literal["leading", "lagging"], ...] = ("leading", "lagging")
    return section.choice("timing", timings, "lagging") if "timing" in section else ""


def _read_objective(section: Section) -> Objective | None:
    inner = section.section("objective")
    if inner is None:
        return None
    objective = Objective(inner.label("text", ""), inner.decimal("baseline"))
    if "text" not in inner:
        inner.report(inner.line, '"objective" needs a "text"')
    inner.close()
    return objective


def _read_benchmark(section: Section) -> Benchmark | None:
    inner = section.section("benchmark")
    if inner is None:
        return None
    value = inner.decimal("value", required=True)
    benchmark = Benchmark(value or Decimal(0), inner.text("source", required=True), inner.day("at"))
    inner.close()
    return benchmark


def _read_refresh(section: Section) -> int:
    seconds = section.duration("refresh", 60.0)
    if seconds < 1 or seconds % 1:
        section.report(section.line_of("refresh"), '"refresh" must be whole seconds, 1s or more')
        return 60
    return int(seconds)


def _check_thresholds(metric: MetricDefinition, section: Section) -> None:
    if metric.orange is None or metric.red is None:
        return
    in_order = metric.red <= metric.orange if metric.direction == "up" else metric.red >= metric.orange
    if not in_order:
        worse = "below" if metric.direction == "up" else "above"
        section.report(section.line_of("red"), f'"red" must lie {worse} "orange", as {metric.direction} is good')
