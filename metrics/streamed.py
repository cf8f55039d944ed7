"""Numbers that the stream has counted already: its counters by day, and their like for a segment, from events.

Runs nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from metrics.asked_rows import Asked
from metrics.asking import WHOLE, Answer, Ask, Bucket, Pair
from schemas.calendar import day_date, day_number
from schemas.computes import Actives, Compute, Counter, Distinct, EventSet, FunnelConversion
from schemas.reading import funnel_counter

WINDOWS: Mapping[str, int] = {"dau": 1, "wau": 7, "mau": 30}
"""Days of the rolling counters."""

DAILY = """
SELECT metric, bucket, value FROM northstream.counter_totals
WHERE metric IN {metrics:Array(String)} AND bucket BETWEEN {first:Int32} AND {last:Int32}
SETTINGS max_threads = 1
"""

Days = Mapping[str, Mapping[date, int]]


def counters_of(compute: Counter | FunnelConversion) -> tuple[str, str | None]:
    """The counters that are numerator and denominator."""
    if isinstance(compute, FunnelConversion):
        return funnel_counter(compute.funnel, compute.to_step), funnel_counter(compute.funnel, compute.from_step)
    return compute.numerator, compute.denominator


def daily_parameters(compute: Counter | FunnelConversion, asked: Asked) -> dict[str, Any]:
    names = sorted({name for name in counters_of(compute) if name})
    return {"metrics": names, "first": day_number(asked.first), "last": day_number(asked.last)}


def days_of(rows: Iterable[Sequence[Any]]) -> Days:
    found: dict[str, dict[date, int]] = {}
    for metric, day, value in rows:
        found.setdefault(metric, {})[day_date(day)] = max(int(value), 0)
    return found


def counted(compute: Counter | FunnelConversion, asked: Asked, days: Days) -> Answer:
    """The counters over the buckets: the value of the last day, or the sum."""
    numerator, denominator = counters_of(compute)
    takes_last = isinstance(compute, Counter) and compute.over == "last_day"

    def over(name: str, bucket: Bucket) -> Decimal:
        values = days.get(name, {})
        if takes_last:
            return Decimal(values.get(bucket.last, 0))
        return Decimal(sum(value for day, value in values.items() if bucket.first <= day <= bucket.last))

    found = {}
    for bucket in asked.ask.buckets:
        below = over(denominator, bucket) if denominator else None
        found[bucket.first] = Pair(over(numerator, bucket), below, matures(compute, asked, bucket))
    return {WHOLE: found}


def matures(compute: Compute, asked: Asked, bucket: Bucket) -> bool:
    """Whether the window of somebody who entered in the bucket is still open."""
    if isinstance(compute, FunnelConversion):
        window = next((one.window_seconds for one in asked.stream.funnels if one.id == compute.funnel), 0)
    elif isinstance(compute, Counter) and compute.matures:
        window = asked.stream.activation_window_seconds
    else:
        return False
    return asked.end_ms(bucket) + window * 1000 > asked.now_ms


def counter_as_compute(name: str, signup_event: str) -> Compute | None:
    """What counts the same from events, for a segment; None for the counters of activation."""
    if name in WINDOWS:
        return Actives(EventSet(active=True), WINDOWS[name])
    if name == "signups":
        return Distinct(EventSet(events=(signup_event,)), "person", first=True)
    return None


def activation(name: str, asked: Asked) -> str:
    """`activated` by signup day, or `activations` by the day of the last action that was needed."""
    return f"SELECT segment, bucket, toInt64(count()) FROM {activated_rows(name, asked)} GROUP BY segment, bucket"


def activated_rows(name: str, asked: Asked) -> str:
    """Everybody whom the counter counts: `subject`, `name`, `segment`, `bucket`."""
    stream = asked.stream
    by_signup = name == "activated"
    signups = asked.firsts(EventSet(events=(stream.signup_event,))) if by_signup else _all_signups(asked)
    needed = int(stream.core_actions_needed)
    first = asked.first - timedelta(days=stream.activation_window_seconds // 86_400 + 2)
    actions = asked.plain(EventSet(events=tuple(sorted(stream.core_actions))), "person", first)
    bucket = "any(signups.bucket)" if by_signup else asked.bucket("day")
    return f"""(
        SELECT actions.subject AS subject, any(signups.name) AS name, any(signups.segment) AS segment,
            arraySort(groupArray(actions.at))[{needed}] AS done, {asked.day_of("done")} AS day, {bucket} AS bucket
        FROM {actions} AS actions INNER JOIN {signups} AS signups ON signups.subject = actions.subject
        WHERE actions.at >= signups.at AND actions.at < signups.at + {stream.activation_window_seconds * 1000}
        GROUP BY actions.subject HAVING count() >= {needed} AND bucket > 0
)"""


def _all_signups(asked: Asked) -> str:
    """Whoever signed up up to the range's end: a bucket that holds all days."""
    whole = Asked(
        Ask([Bucket(date(1971, 1, 1), asked.last)], asked.ask.filters, asked.ask.split, asked.ask.told),
        asked.stream,
        asked.dimensions,
        asked.now_ms,
        asked.parameters,
    )
    return whole.firsts(EventSet(events=(asked.stream.signup_event,)))


def funnel_entries(compute: FunnelConversion, asked: Asked) -> str:
    """Entries of a segment's persons that reached both steps, by entry day."""
    return f"""
    SELECT segment, {asked.bucket()} AS bucket, toInt64(countIf(reached >= {int(compute.to_step)})),
        toInt64(countIf(reached >= {int(compute.from_step)}))
    FROM {entry_rows(compute, asked)} WHERE bucket > 0 GROUP BY segment, bucket"""


def entry_rows(compute: FunnelConversion, asked: Asked) -> str:
    """Entries of the range: `who`, `name`, `segment`, `day`, and how many steps they `reached`."""
    funnel = asked.parameters.bind(compute.funnel)
    return asked.of_people(f"""(
        SELECT sipHash64(person_id) AS who, person_id AS name, '' AS group_id, toUInt16(day) AS day,
            length(times_ms) AS reached
        FROM northstream.funnel_entries_on_lineage
        WHERE funnel = {funnel} AND day BETWEEN {day_number(asked.first)} AND {day_number(asked.last)}
    )""")
