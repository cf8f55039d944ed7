"""Why a metric moved: shares that add up to the change, exactly, and mean what they say."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from metrics.asking import Pair
from metrics.explain import MOST_MOVED, Known, by_inputs, by_levels, by_rates, inputs_of, marked, quotient
from metrics.expression import evaluate
from schemas.expressions import Name, Previous, parse_expression
from schemas.measuring import Share

Values = dict[str, str]


def known(values: Values) -> Known:
    return {
        Previous(name[9:-1]) if name.startswith("previous(") else Name(name): Decimal(said)
        for name, said in values.items()
    }


def explained(text: str, before: Values, after: Values) -> dict[str, Decimal]:
    node = parse_expression(text)
    change = (value_of(text, before), value_of(text, after))
    shares = by_inputs(node, known(before), known(after), change)
    return {share.name: share.share for share in shares}


def value_of(text: str, values: Values) -> Decimal | None:
    plain = {name: Decimal(said) for name, said in values.items()}
    past = {name[9:-1]: Decimal(said) for name, said in values.items() if name.startswith("previous(")}
    return evaluate(parse_expression(text), plain, past)


def total(shares: list[Share]) -> Decimal:
    return sum((share.share for share in shares), Decimal(0))


def test_each_term_of_a_sum_has_its_own_difference() -> None:
    """Nothing is shared where nothing is joint."""
    found = explained("a + b - 2 * c", {"a": "1", "b": "5", "c": "3"}, {"a": "4", "b": "5", "c": "2"})
    assert found == {"a": 3, "b": 0, "c": 2}


def test_the_joint_effect_of_a_product_is_split_evenly() -> None:
    """10 × 100 → 12 × 110: prices alone give +200, customers alone +100, both together 20 more."""
    assert explained("arpu * payers", {"arpu": "10", "payers": "100"}, {"arpu": "12", "payers": "110"}) == {
        "arpu": 210,
        "payers": 110,
    }


def test_a_ratio_moves_by_its_numerator_and_its_denominator() -> None:
    """400 of 1,000 → 600 of 1,200: alone the one gives +0.2, the other −1/15."""
    shares = by_inputs(
        quotient(),
        known({"numerator": "400", "denominator": "1000"}),
        known({"numerator": "600", "denominator": "1200"}),
        (Decimal("0.4"), Decimal("0.5")),
    )
    rounded = {share.name: round(share.share, 4) for share in shares}
    assert rounded["numerator"] == Decimal("0.1833")
    assert rounded["denominator"] == Decimal("-0.0833")
    assert total(shares) == Decimal("0.1")


def test_what_previous_asks_for_is_an_input_of_its_own() -> None:
    """Growth fell because the month before was better."""
    found = explained(
        "mrr - previous(mrr)",
        {"mrr": "50", "previous(mrr)": "30"},
        {"mrr": "60", "previous(mrr)": "50"},
    )
    assert found == {"mrr": 10, "previous(mrr)": -20}


def test_rounding_is_a_rest_with_a_name() -> None:
    """Thirds do not come out even; the shares add up all the same, to the last digit."""
    found = explained("a / b * c", {"a": "1", "b": "3", "c": "1"}, {"a": "2", "b": "7", "c": "1.7"})
    change = Decimal("3.4") / 7 - Decimal(1) / 3
    assert sum(found.values()) == change
    assert abs(found["rest"]) < Decimal("1e-9")


def test_where_the_value_is_missing_on_the_way_nothing_is_shared_out() -> None:
    """With the new customers but the old spend there is a value, with neither there is none: all is rest."""
    found = explained(
        "spend / (won - lost)", {"spend": "10", "won": "5", "lost": "3"}, {"spend": "8", "won": "9", "lost": "5"}
    )
    assert found == {"rest": Decimal(2) - 5}


def test_no_value_before_or_after_is_no_explanation() -> None:
    """There is no change to explain."""
    node = parse_expression("a / b")
    assert by_inputs(node, known({"a": "1", "b": "0"}), known({"a": "1", "b": "2"}), (None, Decimal("0.5"))) == []
    assert by_levels({"x": (None, Decimal(1))}, (None, Decimal(1))) == []


def test_too_many_inputs_that_moved_are_not_shared_out() -> None:
    """The work doubles with each of them; those that stayed cost nothing."""
    names = [f"x{n}" for n in range(MOST_MOVED + 1)]
    text = " + ".join(names)
    assert explained(text, dict.fromkeys(names, "0"), dict.fromkeys(names, "1")) == {"rest": MOST_MOVED + 1}
    one = dict.fromkeys(names, "0") | {"x0": "1"}
    assert explained(text, dict.fromkeys(names, "0"), one)["x0"] == 1


def test_segments_of_a_level_have_their_own_differences() -> None:
    """The largest first; what appears or vanishes counts from or to 0; people in two segments make a rest."""
    segments = {
        "ads": (Decimal(10), Decimal(4)),
        "": (Decimal(3), None),
        "organic": (None, Decimal(20)),
    }
    shares = by_levels(segments, (Decimal(13), Decimal(23)))
    assert [(share.name, share.share) for share in shares] == [("organic", 20), ("ads", -6), ("", -3), ("rest", -1)]


def rates(**segments: tuple[tuple[int, int], tuple[int, int]]) -> dict[str, tuple[Pair, Pair]]:
    return {
        name: (Pair(Decimal(a), Decimal(b)), Pair(Decimal(c), Decimal(d)))
        for name, ((a, b), (c, d)) in segments.items()
    }


def whole(segments: dict[str, tuple[Pair, Pair]]) -> tuple[Decimal, Decimal]:
    def ratio(side: int) -> Decimal:
        pairs = [pairs[side] for pairs in segments.values()]
        above = sum((pair.numerator or Decimal(0) for pair in pairs), Decimal(0))
        return above / sum((pair.denominator or Decimal(0) for pair in pairs), Decimal(0))

    return ratio(0), ratio(1)


def test_an_average_may_fall_though_every_segment_rose() -> None:
    """Simpson's: both channels convert better, but most now come by the weak one."""
    segments = rates(strong=((80, 100), (9, 10)), weak=((10, 100), (30, 150)))
    change = whole(segments)
    assert change[1] < change[0]
    shares = by_rates(segments, change)
    by_part = {part: sum(share.share for share in shares if share.part == part) for part in ("mix", "rate")}
    assert by_part["rate"] > 0 > by_part["mix"]
    assert total(shares) == change[1] - change[0]


def test_with_the_same_sizes_all_is_rate_and_with_the_same_rates_all_is_mix() -> None:
    """Each part means what its name says."""
    same_sizes = rates(a=((1, 10), (3, 10)), b=((5, 10), (4, 10)))
    assert {share.part for share in by_rates(same_sizes, whole(same_sizes)) if share.share} == {"rate"}
    same_rates = rates(a=((1, 10), (2, 20)), b=((5, 10), (1, 2)))
    assert {share.part for share in by_rates(same_rates, whole(same_rates)) if abs(share.share) > 1e-9} == {"mix"}


def test_a_segment_that_is_new_is_all_mix_and_money_over_nobody_is_a_whole() -> None:
    """It has no ratio that could have moved; spend on a channel without signups still raises the price of one."""
    segments = rates(old=((10, 10), (10, 10)), new=((0, 0), (1, 10)), dear=((0, 0), (7, 0)))
    shares = by_rates(segments, whole(segments))
    parts = {share.name: share.part for share in shares if share.share and share.part != "rest"}
    assert parts == {"old": "mix", "new": "mix", "dear": "whole"}
    assert total(shares) == whole(segments)[1] - whole(segments)[0]


def test_doubtful_inputs_are_marked() -> None:
    """What data quality says stands beside the share, whatever its size."""
    shares = by_levels({"ads": (Decimal(1), Decimal(2))}, (Decimal(1), Decimal(2)))
    assert [share.suspect for share in marked(shares, {"ads": "restated"})] == ["restated"]
    assert [share.suspect for share in marked(shares, {"other": "restated"})] == [""]


FORMULAS = [
    "a * b",
    "a / b",
    "a * b / c",
    "(a - b) / c",
    "a / b * c / 2",
    "min(a, b) + c",
    "max(a * b, c) - a",
    "a * a",
]
values = st.decimals("0.01", 10_000, places=2, allow_nan=False)
triples = st.tuples(values, values, values)


@given(st.sampled_from(FORMULAS), triples, triples)
def test_the_shares_of_any_formula_add_up_to_the_change(
    text: str, before: tuple[Decimal, ...], after: tuple[Decimal, ...]
) -> None:
    """Exactly, with a rest that is rounding and nothing else; the way back has the same shares, negated."""
    node = parse_expression(text)
    was = dict(zip((Name("a"), Name("b"), Name("c")), before, strict=True))
    now = dict(zip((Name("a"), Name("b"), Name("c")), after, strict=True))
    change = tuple(evaluate(node, {name.id: value for name, value in side.items()}) for side in (was, now))
    assert change[0] is not None
    assert change[1] is not None
    shares = by_inputs(node, was, now, (change[0], change[1]))
    assert total(shares) == change[1] - change[0]
    assert all(abs(share.share) < Decimal("1e-8") for share in shares if share.part == "rest")
    back = by_inputs(node, now, was, (change[1], change[0]))
    assert [share.share for share in shares[: len(inputs_of(node))]] == [
        -share.share for share in back[: len(inputs_of(node))]
    ]


counts = st.integers(0, 500)
pairs = st.tuples(counts, counts).map(lambda pair: Pair(Decimal(min(pair)), Decimal(max(pair))))
groups = st.dictionaries(st.sampled_from("abcdef"), st.tuples(pairs, pairs), min_size=1)


@given(groups)
def test_mix_and_rate_of_any_segments_add_up_to_the_change(segments: dict[str, tuple[Pair, Pair]]) -> None:
    """Exactly, whichever segments come, go or are empty."""
    if any(not sum((pairs[side].denominator or Decimal(0)) for pairs in segments.values()) for side in (0, 1)):
        assert by_rates(segments, (Decimal(0), Decimal(0))) == []
        return
    change = whole(segments)
    shares = by_rates(segments, change)
    assert total(shares) == change[1] - change[0]
    assert all(abs(share.share) < Decimal("1e-8") for share in shares if share.part == "rest")
