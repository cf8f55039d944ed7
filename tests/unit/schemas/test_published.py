"""What counts as another definition of a metric."""

from dataclasses import replace

import pytest

from schemas.catalogue import MetricDefinition
from schemas.computes import Balance, Compute, Count, Distinct, EventSet, Expression, Ratio, Sql
from schemas.published import changed_without_version, digest_of, with_metrics

TASKS, REPORTS = EventSet(("Task Completed",)), EventSet(("Report Shared",))


def metric(compute: Compute, version: int = 1) -> MetricDefinition:
    return MetricDefinition("m", {"en": "M"}, {"en": ""}, "count", "growth", compute, version=version)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Count(TASKS), Count(REPORTS)),
        (Count(TASKS), Distinct(TASKS)),
        (Balance("churn"), Balance("churn", months=12)),
        (Ratio("a", "b"), Ratio("a", "b", 100.0)),
        (Ratio("a", Count(TASKS)), Ratio("a", Count(REPORTS))),
        (Expression("a + b"), Expression("a - b")),
        (Expression("a + b", {"b": Count(TASKS)}), Expression("a + b", {"b": Count(REPORTS)})),
    ],
)
def test_another_computation_is_another_definition(one: Compute, other: Compute) -> None:
    """Whatever could give another number."""
    assert digest_of(metric(one)) != digest_of(metric(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Expression("a+b * c"), Expression("a + (b × c)")),
        (Sql("SELECT 1,\n  2"), Sql("SELECT 1, 2")),
        (Balance("end"), Balance("end", "", 0)),
    ],
)
def test_another_spelling_is_the_same_definition(one: Compute, other: Compute) -> None:
    """Nobody needs a new version for spaces."""
    assert digest_of(metric(one)) == digest_of(metric(other))


def test_words_and_thresholds_are_no_part_of_the_definition() -> None:
    """The unit is: it says what the number means."""
    plain = metric(Count(TASKS))
    assert digest_of(replace(plain, label={"en": "N"}, owner="ops", red=plain.red)) == digest_of(plain)
    assert digest_of(replace(plain, unit="money")) != digest_of(plain)


def test_only_an_older_or_equal_version_is_refused() -> None:
    """A new version may be anything; what was never published too."""
    published = with_metrics(with_metrics({}, [metric(Count(TASKS), 2)]), [metric(Count(REPORTS), 3)])
    changed = [metric(Count(REPORTS), 1), metric(Count(REPORTS), 2), metric(Count(TASKS), 3)]
    assert all(len(changed_without_version([item], published)) == 1 for item in changed)
    fine = [metric(Count(TASKS), 2), metric(Count(REPORTS), 3), metric(Count(TASKS), 4)]
    assert changed_without_version([*fine, replace(changed[0], id="new")], published) == []
