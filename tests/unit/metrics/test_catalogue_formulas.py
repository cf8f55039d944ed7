"""The money formulas of the default catalogue, as they stand in its YAML, against the worked examples of the reference.

Their computations are given; that those are right is tested over a real engine.
"""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from metrics.asking import Pair
from metrics.formula import Leaf, formula_of, pair_of
from metrics.kinds import value_of
from schemas.catalogue import MetricDefinition
from schemas.catalogue_files import load_catalogue
from schemas.computes import Balance, Compute, Concentration, Count, Counter, Distinct, Fact, Mean, Sum
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace


@pytest.fixture(scope="module")
def metrics() -> Mapping[str, MetricDefinition]:
    return load_catalogue(DEFAULT_WORKSPACE, load_workspace(DEFAULT_WORKSPACE)).metrics


def name_of(compute: Compute) -> str:
    """What a worked example calls it."""
    match compute:
        case Balance(part=part, cause=cause):
            return f"{part} {cause}".strip()
        case Fact(fact=fact):
            return fact
        case Concentration():
            return "concentration"
        case Counter(numerator=counter):
            return counter
        case Count(source=source) | Distinct(source=source) | Sum(source=source) | Mean(source=source):
            return " ".join(source.events)
        case _:
            return type(compute).__name__


def value(metrics: Mapping[str, MetricDefinition], metric: str, known: Mapping[str, str]) -> Decimal:
    """The metric when its computations have these values; one that is not named fails the test."""

    def pair(leaf: Leaf, is_previous: bool) -> Pair:
        above, _, below = known[name_of(leaf.compute)].partition("/")
        return Pair(Decimal(above), Decimal(below) if below else None)

    found = value_of(pair_of(formula_of(metric, metrics), pair))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("metric", "known", "expected"),
    [
        ("mrr", {"end": "1000"}, "1000"),
        ("arr", {"end": "1000"}, "12000"),
        ("arpu", {"end": "47500", "customers_end": "709"}, "66.9958"),
        ("arpa", {"end": "2400", "customers_end": "2"}, "1200"),
        ("nrr", {"retained": "1500", "start": "1200"}, "1.25"),
        ("nrr", {"retained": "12500", "start": "10000"}, "1.25"),
        ("expansion_rate", {"expansion": "500", "start": "1200"}, "0.4167"),
        ("crr", {"customers_end": "950", "customers_new": "200", "customers_start": "1000"}, "0.75"),
        ("churn_monthly", {"customers_lost": "250", "customers_start": "1000"}, "0.25"),
        ("churn_monthly", {"customers_lost": "10", "customers_start": "100"}, "0.1"),
        ("churn_yearly", {"customers_lost": "10", "customers_start": "100"}, "0.1"),
        ("revenue_churn", {"churn": "8100", "start": "9000"}, "0.9"),
        ("cac", {"spend": "10000", "customers_acquired": "1000"}, "10"),
        ("arpa_to_cac", {"end": "120", "customers_end": "1", "spend": "10", "customers_acquired": "1"}, "12"),
        ("cac_payback", {"end": "10", "customers_end": "1", "spend": "10", "customers_acquired": "1"}, "1"),
        (
            "cac_payback_margin",
            {"end": "10", "customers_end": "1", "spend": "10", "customers_acquired": "1", "revenue": "2", "cogs": "1"},
            "2",
        ),
        (
            "ltv_to_cac",
            {"end": "67", "customers_end": "1", "customers_lost": "32", "customers_start": "1000", "revenue": "10000",
             "cogs": "7695", "spend": "127", "customers_acquired": "1"},
            "3.8001",
        ),
        (
            "ltv_simple",
            {"end": "120", "customers_end": "1", "customers_lost": "1", "customers_start": "5"},
            "600",
        ),
        ("concentration", {"concentration": "90/100"}, "0.9"),
        ("cash_runway", {"cash": "100000", "cash_in": "5000", "cash_out": "15000"}, "10"),
        (
            "burn_multiple",
            {"cash_in": "0", "cash_out": "2000000", "new": "100000", "reactivation": "0", "expansion": "0",
             "contraction": "0", "churn": "16666.6666666667"},
            "2.0000",
        ),
        ("gross_margin", {"revenue": "100", "cogs": "30"}, "0.7"),
        ("lost_mrr", {"contraction": "80", "churn": "120"}, "200"),
        ("mrr_growth", {"end": "47500", "start": "45200"}, "0.0509"),
    ],
)  # fmt: skip
def test_the_yaml_gives_the_printed_figures(
    metrics: Mapping[str, MetricDefinition], metric: str, known: Mapping[str, str], expected: str
) -> None:
    """kpi-reference.md, "Formulas and worked examples"; to four decimals where the figure does not come out even."""
    assert round(value(metrics, metric, known), 4) == Decimal(expected)
