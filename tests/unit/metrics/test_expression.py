"""Expressions of metrics: arithmetic to the digit, nothing over nothing, and the worked examples of money."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.expression import as_decimal, evaluate
from schemas.expressions import parse_expression

Values = dict[str, str | None]


def value(text: str, now: Values | None = None, before: Values | None = None) -> Decimal | None:
    def decimals(values: Values) -> dict[str, Decimal | None]:
        return {name: None if said is None else Decimal(said) for name, said in values.items()}

    return evaluate(parse_expression(text), decimals(now or {}), decimals(before or {}))


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("signups / visitors", {"signups": "1000", "visitors": "10000"}, "0.1"),
        ("activated / signups", {"activated": "400", "signups": "1000"}, "0.4"),
        ("dau / mau", {"dau": "5000", "mau": "20000"}, "0.25"),
        ("dau / mau", {"dau": "100", "mau": "500"}, "0.2"),
        ("(customers_end - new) / start", {"customers_end": "950", "new": "200", "start": "1000"}, "0.75"),
        ("1 - (customers_end - new) / start", {"customers_end": "950", "new": "200", "start": "1000"}, "0.25"),
        ("invitations * conversion", {"invitations": "2", "conversion": "0.2"}, "0.4"),
        ("arpu * payers", {"arpu": "10", "payers": "100"}, "1000"),
        ("mrr * 12", {"mrr": "8.3333333333"}, "99.9999999996"),
        ("(start - churn - contraction + expansion) / start",
         {"start": "1200", "churn": "120", "contraction": "80", "expansion": "500"}, "1.25"),
        ("arpa * lifetime", {"arpa": "120", "lifetime": "5"}, "600"),
        ("yearly * years", {"yearly": "10000", "years": "5"}, "50000"),
        ("spend / customers", {"spend": "10000", "customers": "1000"}, "10"),
        ("ltv / cac", {"ltv": "1200", "cac": "10"}, "120"),
        ("cac / arr * 12", {"cac": "10", "arr": "120"}, "1"),
        ("cac / (arr * margin) * 12", {"cac": "10", "arr": "120", "margin": "0.5"}, "2"),
        ("arpa / cac", {"arpa": "120", "cac": "10"}, "12"),
        ("cash / burn", {"cash": "100000", "burn": "10000"}, "10"),
        ("net_burn / net_new_arr", {"net_burn": "2000000", "net_new_arr": "1000000"}, "2"),
        ("top / mrr", {"top": "90", "mrr": "100"}, "0.9"),
        ("100 * (promoters - detractors) / answers",
         {"promoters": "50", "detractors": "20", "answers": "100"}, "30"),
        ("happy / answers", {"happy": "200", "answers": "400"}, "0.5"),
        ("(adoption + stickiness + growth) / 3", {"adoption": "40", "stickiness": "20", "growth": "60"}, "40"),
        ("min(max(growth, 0), 100)", {"growth": "-7"}, "0"),
        ("mrr * (1 + growth) ^ 3", {"mrr": "1000", "growth": "0.1"}, "1331"),
    ],
)  # fmt: skip
def test_the_worked_examples_come_out_to_the_digit(text: str, names: Values, expected: str) -> None:
    """The formulas and figures of kpi-reference.md."""
    assert value(text, names) == Decimal(expected)


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [("47500", "45200", "5.1"), ("127", "142", "-10.6"), ("312", "285", "9.5"), ("2847", "2650", "7.4")],
)
def test_growth_compares_with_the_bucket_before(now: str, before: str, percent: str) -> None:
    """kpi-reference: 47,500 vs 45,200 = +5.1 %; 127 vs 142 = −10.6 %; 312 vs 285 = +9.5 %; 2,847 vs 2,650 = +7.4 %."""
    grown = value("100 * (x - previous(x)) / previous(x)", {"x": now}, {"x": before})
    assert grown is not None
    assert round(grown, 1) == Decimal(percent)


def test_the_boards_ratio_of_ltv_to_cac_is_3_8() -> None:
    """kpi-reference: 67 ÷ 0.032 × margin 0.2305 ÷ 127 = 3.8."""
    names: Values = {"arpu": "67", "churn": "0.032", "margin": "0.2305", "cac": "127"}
    found = value("arpu / churn * margin / cac", names)
    assert found is not None
    assert round(found, 1) == Decimal("3.8")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a / b", {"a": "0", "b": "0"}),
        ("a / b", {"a": "1", "b": "0"}),
        ("a / (b - b)", {"a": "1", "b": "5"}),
        ("a + b", {"a": "1", "b": None}),
        ("a + b", {"a": "1"}),
        ("min(a, b)", {"a": "1", "b": None}),
        ("previous(a)", {"a": "1"}),
        ("0 * (1 / a)", {"a": "0"}),
        ("-a", {"a": None}),
    ],
)
def test_nothing_over_nothing_or_over_0_is_no_value(text: str, names: Values) -> None:
    """And what is made of no value has none: a rate of an empty week is not 0."""
    assert value(text, names) is None


numbers = st.decimals(-1000, 1000, places=3, allow_nan=False)
texts = st.recursive(
    st.sampled_from(["a", "b", "c", "2.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"(-{text})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
    ),
    max_leaves=8,
)


@given(texts, numbers, numbers, numbers)
def test_it_reckons_as_python_does_with_fractions(text: str, a: Decimal, b: Decimal, c: Decimal) -> None:
    """An independent evaluator: the expression's own text as Python over fractions."""
    names = {"a": Fraction(a), "b": Fraction(b), "c": Fraction(c), "half": Fraction(5, 2), "min": min, "max": max}
    try:
        expected = eval(text.replace("2.5", "half"), {"__builtins__": {}}, names)
    except ZeroDivisionError:
        expected = None
    assert evaluate(parse_expression(text), {"a": a, "b": b, "c": c}) == as_decimal(expected)


@given(numbers, numbers.filter(bool))
def test_dividing_and_multiplying_by_the_same_changes_nothing(a: Decimal, b: Decimal) -> None:
    """No digit is lost on the way."""
    assert evaluate(parse_expression("a / b * b"), {"a": a, "b": b}) == a
