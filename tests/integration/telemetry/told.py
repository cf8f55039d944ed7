"""A page of telemetry, read as Prometheus reads it and held against what is declared."""

from prometheus_client.parser import text_string_to_metric_families

from schemas.telemetry import DECLARED, Series


def described(page: str) -> dict[str, tuple[str, str]]:
    """Name → type and help, of each name on the page; each is described once.

    The parser leaves `_total` out of the names of counters.
    """
    families = list(text_string_to_metric_families(page))
    found = {family.name: (family.type, family.documentation) for family in families}
    assert len(found) == len(families)
    return {name: kind for name, kind in found.items() if name.startswith("northstream_")}


def declared(*groups: type) -> dict[str, tuple[str, str]]:
    """The same of what is declared: all of it, or of some groups."""
    chosen = [value for group in groups for value in vars(group).values() if isinstance(value, Series)]
    return {
        series.name.removesuffix("_total"): (series.kind.value, series.meaning)
        for series in (chosen if groups else DECLARED)
    }


def labels_are_declared(page: str) -> bool:
    """Whether each sample has the labels of its declaration, no more and no fewer."""
    expected = {series.name.removesuffix("_total"): set(series.labels) for series in DECLARED}
    return all(
        set(sample.labels) - {"le"} == expected[family.name]
        for family in text_string_to_metric_families(page)
        if family.name in expected
        for sample in family.samples
    )
