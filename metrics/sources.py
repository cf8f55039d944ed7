"""Which messages a computation looks at, as conditions on `northstream.metric_events`.

Does not run anything.
"""

from collections.abc import Mapping

from metrics.statement import Parameters
from schemas.computes import Condition, EventSet
from schemas.definitions import StreamDefinitions

ACTIONS = "type IN ('track', 'page', 'screen')"
"""What people do, whatever the workspace calls active."""

DIGITS = 9
"""Places behind the point of a numeric property; more are cut off."""

_ORDER: Mapping[str, str] = {">": ">", ">=": ">=", "<": "<", "<=": "<="}


def text_of(name: str, parameters: Parameters) -> str:
    """A property as text, numbers and booleans as JSON spells them; NULL if it is missing or null."""
    return f"JSONExtract(properties, {parameters.bind(name)}, 'Nullable(String)')"


def number_of(name: str, parameters: Parameters) -> str:
    """A property as Decimal, NULL if it is none; a text that spells a number is one."""
    return f"toDecimal128OrNull({text_of(name, parameters)}, {DIGITS})"


def condition_of(source: EventSet, stream: StreamDefinitions, parameters: Parameters) -> str:
    """True for the rows that belong to the set."""
    if source.active:
        return _active(stream, parameters)
    parts = [f"type IN {parameters.bind(sorted(source.types), 'Array(String)')}"]
    if source.events:
        parts.append(f"event IN {parameters.bind(sorted(source.events), 'Array(String)')}")
    parts += [_compared(condition, parameters) for condition in source.where]
    return " AND ".join(parts)


def _active(stream: StreamDefinitions, parameters: Parameters) -> str:
    types = f"type IN {parameters.bind(sorted(stream.active_types), 'Array(String)')}"
    if not stream.active_events:
        return types
    return f"{types} AND (type != 'track' OR event IN {parameters.bind(sorted(stream.active_events), 'Array(String)')})"


def _compared(condition: Condition, parameters: Parameters) -> str:
    found = text_of(condition.property, parameters)
    if condition.comparison in ("=", "in"):
        return f"ifNull({_is_any(found, condition, parameters)}, 0)"
    if condition.comparison in ("!=", "not in"):
        return f"NOT ifNull({_is_any(found, condition, parameters)}, 0)"
    (value,) = condition.values
    operator = _ORDER[condition.comparison]
    if isinstance(value, str):
        return f"ifNull({found} {operator} {parameters.bind(value)}, 0)"
    return f"ifNull(toFloat64OrNull({found}) {operator} {parameters.bind(float(value), 'Float64')}, 0)"


def _is_any(found: str, condition: Condition, parameters: Parameters) -> str:
    """A number is equal whatever its spelling; everything else by its text."""
    texts = [_text(value) for value in condition.values if isinstance(value, str | bool)]
    numbers = [float(value) for value in condition.values if not isinstance(value, str | bool)]
    parts = []
    if texts:
        parts.append(f"ifNull({found} IN {parameters.bind(texts, 'Array(String)')}, 0)")
    if numbers:
        parts.append(f"ifNull(toFloat64OrNull({found}) IN {parameters.bind(numbers, 'Array(Float64)')}, 0)")
    return f"({' OR '.join(parts) or '0'})"


def _text(value: str | bool) -> str:
    return value if isinstance(value, str) else ("true" if value else "false")
