"""An experiment as plain data: variants side by side, intervals, sample-ratio check, verdict with its reason.

Does not compute statistics: see `experiments`.
"""

from collections.abc import Sequence
from typing import Any

from dashboard.experiments import Difference, Judged, Proportion, judge, wilson
from dashboard.periods import Days
from dashboard.points import number
from schemas.catalogue import Experiment
from schemas.measuring import Measures, NotComputable, VariantOutcome

METHOD = (
    "First exposures in the period; conversions after the first exposure only. Rates with Wilson's interval, "
    "differences with Newcombe's hybrid score interval, both at 95 %. Sample ratio: chi-squared against equal shares, "
    "warn below 0.01, fail below 0.001. Scale: the interval of the uplift lies above 0 and that of churn does not. "
    "Stop: the interval of the uplift lies below 0, or that of churn above. Iterate: everything else, fewer than 100 "
    "persons in a variant, or a sample ratio that fails."
)


def experiment_answer(measures: Measures, experiment: Experiment, days: Days) -> dict[str, Any]:
    """The report of an experiment over a period; without variants while nobody was exposed. Blocks."""
    try:
        outcomes = measures.experiment(experiment.id, experiment.conversion, days.first, days.last)
    except NotComputable as problem:
        return _report(experiment, days, ()) | {"error": str(problem)}
    return _report(experiment, days, outcomes)


def _report(experiment: Experiment, days: Days, outcomes: Sequence[VariantOutcome]) -> dict[str, Any]:
    result = judge(outcomes)
    ratio = result.sample_ratio
    return {
        "experiment": experiment.id,
        "conversion": experiment.conversion,
        "inputs": list(experiment.inputs),
        "from": days.first,
        "to": days.last,
        "control": result.control,
        "variants": [_variant(judged) for judged in result.variants],
        "sample_ratio": None
        if ratio is None
        else {"chi_squared": ratio.chi_squared, "p_value": ratio.p_value, "status": ratio.status},
        "verdict": result.verdict,
        "reason": result.reason,
        "method": METHOD,
        "error": None,
    }


def _variant(judged: Judged) -> dict[str, Any]:
    outcome = judged.outcome
    converted = Proportion(outcome.converted, outcome.exposed)
    interval = wilson(converted)
    return {
        "variant": outcome.variant,
        "exposed": outcome.exposed,
        "converted": outcome.converted,
        "conversion_rate": converted.rate,
        "conversion_interval": [interval.low, interval.high] if outcome.exposed else None,
        "uplift": _difference(judged.conversion),
        "customers": outcome.customers,
        "mrr": number(outcome.mrr),
        "arpu": number(outcome.mrr / outcome.customers) if outcome.customers else None,
        "revenue_per_person": number(outcome.mrr / outcome.exposed) if outcome.exposed else None,
        "churn_rate": Proportion(outcome.churned, outcome.customers_before).rate,
        "churn_uplift": _difference(judged.churn),
        "verdict": judged.verdict,
        "reason": judged.reason,
    }


def _difference(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "points": found.value * 100,
        "interval_points": [found.interval.low * 100, found.interval.high * 100],
        "relative": found.relative,
    }
