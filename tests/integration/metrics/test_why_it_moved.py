"""Why a metric moved, asked of a catalogue over a real engine: shares that add up, levers, doubts."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from integration.metrics.measuring_rig import Rig, count_of, metric

from schemas.calendar import DAY_MS, day_number
from schemas.catalogue import Catalogue, TreeNode
from schemas.computes import Balance, Expression, Mean, Ratio
from schemas.measuring import Explanation, Share
from warehouse.client import Warehouse
from warehouse.migrate import migrate

BEFORE = (date(2026, 11, 2), date(2026, 11, 8))
AFTER = (date(2026, 11, 9), date(2026, 11, 15))

CATALOGUE = (
    metric("orders", count_of("Order Completed")),
    metric("visits", count_of("Page Opened")),
    metric("tickets", count_of("Ticket Opened")),
    metric("conversion", Ratio("orders", "visits"), unit="ratio"),
    metric("growth", Expression("orders - previous(orders)")),
    metric("doubled", Expression("100 * orders / (visits + visits)")),
    metric("capped", Expression("min(orders, visits)")),
    metric("order_value", Mean(count_of("Order Completed").source, "amount"), unit="money"),
    metric("mrr", Balance("end"), unit="money"),
)


class TreeRig(Rig):
    """Conversion stands over visits, which its formula has, and tickets, which it has not."""

    def catalogue(self) -> Catalogue:
        plain = super().catalogue()
        if self._catalogue is plain and plain.tree is None:
            tree = TreeNode("conversion", None, (TreeNode("visits"), TreeNode("tickets")))
            self._catalogue = Catalogue(plain.metrics, tree)
        assert self._catalogue is not None
        return self._catalogue


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TreeRig]:
    """Two weeks: email brings 10 visits and 5 orders, then 10 and 6; ads 10 and 1, then 30 and 4."""
    engine = Warehouse.embedded(Path(tmp_path_factory.mktemp("why")))
    migrate(engine)
    rig = TreeRig(engine)
    rig.define(*CATALOGUE)
    weeks = [(BEFORE[0], {"email": (10, 5), "ads": (10, 1)}, 2), (AFTER[0], {"email": (10, 6), "ads": (30, 4)}, 1)]
    rows = []
    for day, channels, tickets in weeks:
        for channel, (visits, orders) in channels.items():
            for n in range(visits):
                person = f"{channel}{n}"
                rows.append(("Page Opened", day, person, {"channel": channel}))
                if n < orders:
                    rows.append(("Order Completed", day, person, {"amount": 10 if channel == "ads" else 25}))
        rows += [("Ticket Opened", day, "somebody", {})] * tickets
    lines = [
        {
            "message_id": f"m{n}",
            "type": "track",
            "event": event,
            "user_id": person,
            "occurred_ms": day_number(day) * DAY_MS + n,
            "properties": msgspec.json.encode(properties).decode(),
        }
        for n, (event, day, person, properties) in enumerate(rows)
    ]
    engine.insert_lines("events", list(lines[0]), msgspec.json.Encoder().encode_lines(lines), {})
    yield rig
    engine.close()


def explained(rig: TreeRig, name: str) -> Explanation:
    return rig.measures.explain(name, BEFORE, AFTER)


def total(shares: list[Share]) -> Decimal:
    return sum((share.share for share in shares), Decimal(0))


def test_a_ratio_is_explained_by_its_inputs_and_its_segments(rig: TreeRig) -> None:
    """6 of 20 → 10 of 40: both channels do as well or better, but ads brought most visits."""
    found = explained(rig, "conversion")
    assert (found.before, found.after) == (Decimal("0.3"), Decimal("0.25"))
    assert [(share.name, share.before, share.after) for share in found.inputs] == [
        ("orders", 6, 10),
        ("visits", 20, 40),
    ]
    assert total(list(found.inputs)) == Decimal("-0.05")
    by_channel = found.segments["channel"]
    assert total(list(by_channel)) == Decimal("-0.05")
    parts = {part: sum(share.share for share in by_channel if share.part == part) for part in ("mix", "rate")}
    assert parts["mix"] < 0 < parts["rate"]


def test_an_input_of_the_tree_without_a_formula_has_no_share(rig: TreeRig) -> None:
    """Tickets fell, which may have helped or not: the tree says that somebody thinks so, no more."""
    (lever,) = explained(rig, "conversion").levers
    assert (lever.metric, lever.before, lever.after) == ("tickets", 2, 1)


def test_a_count_is_explained_by_segments_alone(rig: TreeRig) -> None:
    """It has no inputs."""
    found = explained(rig, "orders")
    assert found.inputs == []
    assert {share.name: share.share for share in found.segments["channel"]} == {"ads": 3, "email": 1}


def test_an_expression_that_is_a_quotient_is_split_into_mix_and_rate(rig: TreeRig) -> None:
    """And what `previous` asks for is an input; a minimum of two counts does not add up over segments."""
    doubled = explained(rig, "doubled")
    assert total(list(doubled.segments["channel"])) == doubled.after - doubled.before  # type: ignore[operator]
    assert {share.part for share in doubled.segments["channel"]} >= {"mix", "rate"}
    assert {share.name: share.share for share in explained(rig, "growth").inputs} == {
        "orders": 4,
        "previous(orders)": -6,
    }
    assert explained(rig, "capped").segments == {}


def test_a_mean_is_explained_by_its_two_numbers(rig: TreeRig) -> None:
    """135 from 6 orders → 190 from 10: the money rose, but the orders rose more."""
    found = explained(rig, "order_value")
    assert [share.name for share in found.inputs if share.part == "whole"] == ["numerator", "denominator"]
    assert total(list(found.inputs)) == Decimal(19) - Decimal(135) / 6
    assert total(list(found.segments["channel"])) == Decimal(19) - Decimal(135) / 6


def test_a_metric_without_data_is_explained_by_nothing(rig: TreeRig) -> None:
    """No subscription ever: the change is 0, and there is no segment."""
    found = explained(rig, "mrr")
    assert (found.before, found.after, found.inputs, found.segments) == (0, 0, [], {})


def test_what_data_quality_says_is_marked(rig: TreeRig) -> None:
    """Nothing is doubtful until 30 orders of the second week were quarantined: then all that orders are in is."""
    assert {share.suspect for share in explained(rig, "conversion").inputs} == {""}
    rows = [
        {"message_id": f"q{n}", "event": "Order Completed", "received_ms": 1_794_268_800_000, "seq": n}
        for n in range(30)
    ]
    rig.warehouse.insert_lines("quarantine_rows", list(rows[0]), msgspec.json.Encoder().encode_lines(rows), {})
    doubts = {share.name: share.suspect for share in explained(rig, "conversion").inputs if share.part == "whole"}
    assert doubts == {"orders": "quarantine", "visits": ""}
    running = rig.measures.explain("conversion", BEFORE, (AFTER[0], rig.today))
    assert {share.suspect for share in running.inputs if share.part == "whole"} == {"incomplete"}


def test_unknown_metrics_are_not_explained(rig: TreeRig) -> None:
    """As everywhere."""
    with pytest.raises(KeyError):
        explained(rig, "nonsense")
