"""docs/kpis.md says how each metric of the default workspace is computed; compared with the files, it cannot go stale.

Does not judge the definitions.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import schemas
from schemas.catalogue import MetricDefinition
from schemas.compute_walk import parts_of
from schemas.compute_words import kind_of, words_of
from schemas.computes import (
    Balance,
    Compute,
    Condition,
    Conversion,
    Counter,
    EventSet,
    Fact,
    FunnelConversion,
    Sql,
    TimeBetween,
)
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

DOCUMENT = (Path(schemas.__file__).parent.parent / "docs" / "kpis.md").read_text("utf-8")


@pytest.fixture(scope="module")
def metrics() -> Sequence[MetricDefinition]:
    return load_workspace(DEFAULT_WORKSPACE).metrics


def test_the_table_says_how_each_metric_is_computed(metrics: Sequence[MetricDefinition]) -> None:
    """One row a metric, in the order of the files; a failure shows the rows to paste."""
    rows = [f"| `{one.id}` | {kind_of(one.compute)} | {words_of(one.compute)} | {one.source} |" for one in metrics]
    table = DOCUMENT.partition("| metric | kind |")[2].partition("\n\n")[0].splitlines()[2:]
    assert table == rows


def test_every_metric_answers_a_row_of_the_reference(metrics: Sequence[MetricDefinition]) -> None:
    """The first table names every metric, and none that is not there."""
    table = DOCUMENT.partition("| reference | metrics |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", table)) - {"aha", "first_value"}
    assert named == {metric.id for metric in metrics}


def test_the_facts_that_metrics_read_are_listed(metrics: Sequence[MetricDefinition]) -> None:
    """Whoever hands facts in finds each of them, and no other, in the table of facts."""
    table = DOCUMENT.partition("| fact | category |")[2].partition("\n\n")[0]
    parts = [part for metric in metrics for part in parts_of(metric.compute)]
    assert set(re.findall(r"`([a-z0-9_]+)`", table)) == {part.fact for part in parts if isinstance(part, Fact)}


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (
            Counter("funnel.onboarding.2", "funnel.onboarding.1"),
            "the stream's funnel.onboarding.2 ÷ funnel.onboarding.1",
        ),
        (FunnelConversion("onboarding", 4), "entries of onboarding at step 4 ÷ at step 1"),
        (Sql("SELECT 1"), "a query of its own"),
        (Balance("expansion", "upgrade", 12), "expansion MRR by upgrade over 12 months"),
        (
            Conversion(EventSet(("A",)), EventSet(active=True), within_seconds=5_400),
            "persons with A, share with any activity within 1.5 hours",
        ),
        (
            TimeBetween(
                EventSet(("A",), where=(Condition("n", "not in", (1.0, "x")),)), EventSet(("B",)), pair_by="id"
            ),
            "median of A where n != 1 or x → B (pairs by id)",
        ),
    ],
)
def test_words_of_kinds_that_the_default_workspace_does_not_use(compute: Compute, words: str) -> None:
    """They are said as plainly."""
    assert words_of(compute) == words
