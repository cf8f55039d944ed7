"""What is known now of some persons or accounts: their value in each dimension; and which values a dimension has.

Does not measure anything.
"""

from collections.abc import Sequence

from metrics.asking import Query
from metrics.dimensions import PROPERTY, UNITED, Dimensions, latest_groups
from metrics.sources import ACTIONS, text_of
from metrics.statement import Parameters
from schemas.computes import Subject

Known = dict[int, dict[str, str | None]]
"""By key of the subject, by dimension."""

_RECENT = "now64(3) - INTERVAL 30 DAY"
"""Since when properties of events are looked through for their values."""


def attributes_of(query: Query, dimensions: Dimensions, subjects: Sequence[int], of: Subject) -> Known:
    """Every dimension of each; of accounts those that they have by themselves, others are None."""
    known: Known = {subject: {} for subject in subjects}
    if not subjects:
        return known
    accounts = {subject: subject for subject in subjects}
    if of == "person":
        for subject, group, key in query.rows(*_groups(subjects)):
            known[subject]["account"], accounts[subject] = group, key
    for dimension in dimensions.names():
        for subject, value in _values(query, dimensions, dimension, accounts).items():
            known[subject][dimension] = value
    return known


def values_of(query: Query, dimensions: Dimensions, dimension: str, limit: int) -> list[str | None]:
    """The values of a dimension, those of most persons or accounts first, and None, which is a segment everywhere.

    Of a property those of the last 30 days.
    """
    parameters = Parameters()
    if dimension.startswith(PROPERTY):
        text = text_of(dimension.removeprefix(PROPERTY), parameters)
        source = f"SELECT {text} AS value FROM northstream.metric_events WHERE {ACTIONS} AND occurred_at > {_RECENT}"
    elif dimension == "account":
        source = f"SELECT toNullable(latest) AS value FROM {latest_groups()}"
    else:
        lookups = dimensions.lookups(dimension, parameters)
        source = " UNION ALL ".join(f"SELECT value FROM ({lookup.sql})" for lookup in lookups)
    found = query.rows(
        f"""SELECT value FROM ({source}) WHERE value IS NOT NULL
        GROUP BY value ORDER BY count() DESC, value LIMIT {int(limit)}""",
        parameters.values,
    )
    return [*(row[0] for row in found), None]


def _groups(subjects: Sequence[int]) -> tuple[str, dict[str, object]]:
    statement = f"""
    SELECT who, latest, sipHash64(concat('g:', latest)) FROM {latest_groups()}
    WHERE who IN {{subjects:Array(UInt64)}}"""
    return statement, {"subjects": list(subjects)}


def _values(query: Query, dimensions: Dimensions, dimension: str, accounts: dict[int, int]) -> dict[int, str | None]:
    """By subject; the first look-up that has a value counts. An account may be a person without a group."""
    parameters = Parameters()
    subjects = parameters.bind(list(accounts), "Array(UInt64)")
    same = f"person IN {subjects} OR person IN (SELECT own FROM {UNITED} WHERE united IN {subjects})"
    keys = parameters.bind(sorted({*accounts, *accounts.values()}), "Array(UInt64)")
    found: dict[int, str | None] = {}
    for lookup in dimensions.lookups(dimension, parameters, f"({same})"):
        rows = query.rows(f"SELECT key, value FROM ({lookup.sql}) WHERE key IN {keys}", parameters.values)
        values = {row[0]: row[1] for row in rows}
        for subject, account in accounts.items():
            value = values.get(subject if lookup.by == "person" else account)
            found[subject] = value if found.get(subject) is None else found[subject]
    return found
