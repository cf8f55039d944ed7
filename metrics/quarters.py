"""When within a bucket a number grew, as statements that give (bucket, quarter of an hour, amount).

Runs nothing. Kinds whose value does not grow event by event (balances, medians, rolling windows) have none.
"""

from metrics.asked_rows import Asked
from metrics.sources import number_of
from metrics.streamed import activated_rows, counters_of
from schemas.calendar import day_number
from schemas.computes import Compute, Count, Counter, Distinct, EventSet, FunnelConversion, Mean, Subject, Sum

QUARTER_MS = 900_000

Statement = str

_FUNNEL = "funnel:"


def statements_of(compute: Compute, asked: Asked) -> list[Statement] | None:
    """Of the numerator and, of a rate, the denominator; None where nobody can say."""
    match compute:
        case Count(source=source):
            return [_messages(source, asked, "toInt64(count())")]
        case Sum(source=source, property=name):
            return [_messages(source, asked, "sum(value)", name)]
        case Mean(source=source, property=name):
            return [_messages(source, asked, "sum(value)", name), _messages(source, asked, "toInt64(count())", name)]
        case Distinct(source=source, of=of, first=first):
            return [_firsts_ever(source, of, asked) if first else _firsts(source, of, asked)]
        case Counter() | FunnelConversion():
            names = [name for name in counters_of(compute) if name]
            found = [_counter(name, asked) for name in names]
            return [one for one in found if one] if all(found) else None
    return None


def _counter(name: str, asked: Asked) -> Statement | None:
    if name.startswith(_FUNNEL):
        return _entries(*_step_of(name), asked)
    if name == "dau":
        return _firsts(EventSet(active=True), "person", asked)
    if name == "signups":
        return _firsts_ever(EventSet(events=(asked.stream.signup_event,)), "person", asked)
    if name in ("activated", "activations"):
        return _grouped(activated_rows(name, asked), "toInt64(count())", "done")
    return None


def _step_of(counter: str) -> tuple[str, int]:
    funnel, _, step = counter.removeprefix(_FUNNEL).rpartition(":")
    return funnel, int(step)


def _messages(source: EventSet, asked: Asked, amount: str, number: str = "") -> Statement:
    value = f", {number_of(number, asked.parameters)} AS value" if number else ""
    rows = asked.messages(source, asked.first, asked.last, value)
    rows = f"(SELECT *, {asked.bucket()} AS bucket FROM {rows})"
    return _grouped(rows, amount, "at", "value IS NOT NULL" if number else "1")


def _firsts(source: EventSet, of: Subject, asked: Asked) -> Statement:
    """Each subject by the first of its messages in the bucket."""
    rows = f"""(
        SELECT {asked.bucket()} AS bucket, subject, min(at) AS earliest
        FROM {asked.told(source, of, asked.first, asked.last)} GROUP BY bucket, subject
    )"""
    return _grouped(rows, "toInt64(count())", "earliest")


def _firsts_ever(source: EventSet, of: Subject, asked: Asked) -> Statement:
    return _grouped(asked.firsts(source, of), "toInt64(count())", "at")


def _entries(funnel: str, step: int, asked: Asked) -> Statement:
    rows = asked.of_people(f"""(
        SELECT sipHash64(person_id) AS who, person_id AS name, '' AS group_id, toUInt16(day) AS day, times_ms
        FROM northstream.funnel_entries_on_lineage
        WHERE funnel = {asked.parameters.bind(funnel)} AND length(times_ms) >= {int(step)}
            AND day BETWEEN {day_number(asked.first)} AND {day_number(asked.last)}
    )""")
    rows = f"(SELECT {asked.bucket()} AS bucket, times_ms[{int(step)}] AS reached FROM {rows})"
    return _grouped(rows, "toInt64(count())", "reached")


def _grouped(rows: str, amount: str, at: str, condition: str = "1") -> Statement:
    return f"""
    SELECT bucket, intDiv(toInt64({at}), {QUARTER_MS}) AS quarter, {amount} AS amount FROM {rows}
    WHERE bucket > 0 AND {condition} GROUP BY bucket, quarter"""
