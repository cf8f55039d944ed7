"""Says in words how a metric is computed: its kind, and from what.

Does not compute. The table of docs/kpis.md is made of these words.
"""

from schemas.computes import (
    Actives,
    AtRisk,
    Balance,
    Compute,
    Concentration,
    Condition,
    Conversion,
    Count,
    Counter,
    Distinct,
    EventSet,
    Expression,
    Fact,
    FunnelConversion,
    Mean,
    Ratio,
    Retention,
    Sessions,
    Sql,
    Sum,
    TimeBetween,
    UsageInterval,
)

_HOUR, _DAY = 3_600, 86_400
_KINDS: dict[type, str] = {
    Counter: "counter",
    Count: "count",
    Distinct: "distinct",
    Sum: "sum",
    Mean: "mean",
    Actives: "actives",
    FunnelConversion: "funnel",
    Conversion: "conversion",
    TimeBetween: "time_between",
    Retention: "retention",
    Balance: "balance",
    Concentration: "concentration",
    Fact: "fact",
    Sessions: "sessions",
    UsageInterval: "usage_interval",
    AtRisk: "at_risk",
    Ratio: "ratio",
    Expression: "expression",
    Sql: "sql",
}


def kind_of(compute: Compute) -> str:
    """The name of the kind, as files write it."""
    return _KINDS[type(compute)]


def words_of(compute: "str | Compute") -> str:
    """How it is computed, in one line of English. A metric is named by its id."""
    match compute:
        case str():
            return compute
        case Counter(numerator, denominator):
            return f"the stream's {numerator}" + (f" ÷ {denominator}" if denominator else "")
        case Count(source):
            return f"messages {_of(source)}"
        case Distinct(source, of, first):
            return f"distinct {of}s {_of(source)}" + (", by their first ever" if first else "")
        case Sum(source, name):
            return f"sum of {name} {_of(source)}"
        case Mean(source, name):
            return f"mean of {name} {_of(source)}"
        case Actives(source, window, of):
            return f"distinct {of}s {_of(source)} in {_days(window)}"
        case FunnelConversion(funnel, to_step, from_step):
            return f"entries of {funnel} at step {to_step} ÷ at step {from_step}"
        case Conversion(start, end, of, within):
            limit = f" within {_duration(within)}" if within else ""
            return f"{of}s with {_names(start)}, share with {_names(end)}{limit}"
        case TimeBetween(start, end, of, statistic, pair_by):
            pairs = f"pairs by {pair_by}" if pair_by else f"first of each {of}"
            return f"{statistic} of {_names(start)} → {_names(end)} ({pairs})"
        case _:
            return _other_words(compute)


def _other_words(compute: Compute) -> str:
    match compute:
        case Retention(after, period, mode, cohort):
            later = " or later" if mode == "on_or_after" else ""
            return f"cohort of {_names(cohort)}, share active on {period} {after}{later}"
        case Balance(part, cause, months):
            name = part.replace("_", " ") if part.startswith(("customers", "realised")) else f"{part} MRR"
            return name + (f" by {cause}" if cause else "") + (f" over {_count(months, 'month')}" if months else "")
        case Concentration(percent):
            return f"MRR of the top {percent:g} % of customers ÷ MRR"
        case Fact(fact, aggregate, categories, channels):
            limits = ", ".join((*categories, *channels))
            return f"{'last ' if aggregate == 'last' else ''}fact {fact}" + (f" ({limits})" if limits else "")
        case Sessions(part):
            return {"count": "sessions", "per_person": "sessions ÷ persons"}.get(part, f"{part} of sessions")
        case UsageInterval():
            return "median days between active days"
        case AtRisk(idle_days):
            return f"customers idle for {idle_days} days, with use halved, or detractors"
        case Ratio(numerator, denominator, scale):
            times = f" × {scale:g}" if scale != 1 else ""
            return f"{_part(numerator)} ÷ {_part(denominator)}{times}"
        case Expression(text, terms):
            where = "; ".join(f"{name} = {words_of(term)}" for name, term in terms.items())
            return f"`{text}`" + (f" with {where}" if where else "")
        case _:
            return "a query of its own"


def _part(part: "str | Compute") -> str:
    return words_of(part) if isinstance(part, str) else f"({words_of(part)})"


def _of(source: EventSet) -> str:
    return "that make somebody active" if source.active else f"with {_names(source)}"


def _names(source: EventSet) -> str:
    if source.active:
        return "any activity"
    names = " or ".join(source.events or source.types)
    return names + (f" where {' and '.join(map(_condition, source.where))}" if source.where else "")


def _condition(condition: Condition) -> str:
    values = " or ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in condition.values)
    comparison = {"in": "=", "not in": "!="}.get(condition.comparison, condition.comparison)
    return f"{condition.property} {comparison} {values}"


def _duration(seconds: int) -> str:
    return _days(seconds // _DAY) if seconds % _DAY == 0 else f"{seconds / _HOUR:g} hours"


def _days(days: int) -> str:
    return _count(days, "day")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
