"""The list of telemetry names, by the conventions of Prometheus."""

import re
from pathlib import Path

import pytest

from schemas.telemetry import DECLARED, Kind, Series


def test_every_name_is_declared_once() -> None:
    """Names without `_total` too: that is how scrapers know a counter."""
    names = [series.name.removesuffix("_total") for series in DECLARED]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("series", DECLARED, ids=lambda series: series.name)
def test_names_keep_the_conventions(series: Series) -> None:
    """One prefix, base units, `_total` for counters alone, no endings that Prometheus makes itself."""
    assert re.fullmatch(r"northstream(_[a-z]+)+", series.name)
    assert series.name.endswith("_total") is (series.kind is Kind.COUNTER)
    assert not series.name.endswith(("_ms", "_milliseconds", "_kb", "_megabytes", "_count", "_sum", "_bucket"))
    assert series.meaning.endswith(".")
    assert set(series.labels).isdisjoint({"le", "job", "instance", "quantile"})
    assert all(re.fullmatch("[a-z]+", label) for label in series.labels)


@pytest.mark.parametrize("series", DECLARED, ids=lambda series: series.name)
def test_histograms_have_buckets_that_ascend(series: Series) -> None:
    """And say in what unit they are: seconds, or things by name."""
    assert bool(series.buckets) is (series.kind is Kind.HISTOGRAM)
    assert list(series.buckets) == sorted(set(series.buckets))
    if series.kind is Kind.HISTOGRAM:
        assert series.name.endswith(("_seconds", "_rows"))


def test_every_name_is_documented() -> None:
    """As it is declared: type, labels and meaning."""
    rows = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text("utf-8").splitlines()
    documented = [row for row in rows if row.startswith("| `northstream_")]
    assert documented == [
        f"| `{series.name}` | {series.kind} | {', '.join(series.labels)} | {series.meaning} |" for series in DECLARED
    ]
