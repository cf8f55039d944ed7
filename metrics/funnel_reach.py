"""A funnel over the entries of a segment's persons, from the entries that the stream has published.

Does not count whole funnels: their counters say that already.
"""

from metrics.asked_rows import Asked
from metrics.asking import Query
from schemas.calendar import day_date, day_number
from schemas.measuring import FunnelReach


def funnel_reach(query: Query, asked: Asked, funnel: str, steps: int) -> FunnelReach:
    """Entries by day, distinct persons and medians over the first bucket of the question.

    Raises:
        UnknownDimension: people are not known by it.
    """
    asked.check(has_properties=False)
    rows = asked.of_people(_entries(asked, funnel))
    by_day = query.rows(
        f"SELECT day, sumForEach(arrayWithConstant(length(times_ms), toInt64(1))) FROM {rows} GROUP BY day",
        asked.parameters.values,
    )
    reached, medians = query.rows(
        f"""
    SELECT sumForEach(arrayWithConstant(furthest, toInt64(1))), quantileExactInclusiveForEachArray(0.5)(differences)
    FROM (
        SELECT max(length(times_ms)) AS furthest, groupArray(arrayPopFront(arrayDifference(times_ms))) AS differences
        FROM {rows} GROUP BY who
    )""",
        asked.parameters.values,
    )[0]
    return FunnelReach(
        {day_date(day): _padded(entries, steps) for day, entries in by_day},
        _padded(reached, steps),
        [None, *(median / 1000 for median in medians), *[None] * steps][:steps],
    )


def _entries(asked: Asked, funnel: str) -> str:
    return f"""(
        SELECT sipHash64(person_id) AS who, person_id AS name, '' AS group_id, toUInt16(day) AS day, times_ms
        FROM northstream.funnel_entries_on_lineage
        WHERE funnel = {asked.parameters.bind(funnel)}
            AND day BETWEEN {day_number(asked.first)} AND {day_number(asked.last)}
    )"""


def _padded(counts: list[int], steps: int) -> list[int]:
    return [*counts, *[0] * steps][:steps]
