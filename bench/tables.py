"""Tables of results in Markdown, and the figures in them: medians and percentiles.

Does not measure.
"""

from collections.abc import Iterable, Sequence
from statistics import median

__all__ = ["median", "percentile", "show", "whole"]


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], note: str = "") -> None:
    """Print a table with its title and a note on how it was measured."""
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    if note:
        print(f"\n{note}")
    print(flush=True)


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` of the values lie (the nearest one; values must not be empty)."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]


def whole(number: float) -> str:
    """A count with thousands separators."""
    return f"{number:,.0f}"
