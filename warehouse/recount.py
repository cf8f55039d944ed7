"""Every streaming counter computed from `events` alone, in SQL: what the published numbers must equal.

Does not compare or repair: see `warehouse.audit`. Shares nothing with the stream but the definitions.
"""

from schemas.definitions import FunnelDefinition, StreamDefinitions
from schemas.reading import funnel_counter
from warehouse.client import DATABASE

_EVENTS = f"""
    SELECT person_id, message_id, type, event,
        toUnixTimestamp64Milli(occurred_at) AS at_ms, toInt32(toDate(occurred_at, {{timezone:String}})) AS day
    FROM {DATABASE}.events_resolved
"""

_ACTIVES = f"""
SELECT '{{metric}}' AS metric, bucket, toInt64(uniqExact(person_id)) AS value
FROM (
    SELECT DISTINCT person_id, day FROM ({_EVENTS})
    WHERE type IN {{active_types:Array(String)}}
      AND (type != 'track' OR empty({{active_events:Array(String)}}) OR event IN {{active_events:Array(String)}})
)
ARRAY JOIN arrayMap(ahead -> day + ahead, range({{width}})) AS bucket
GROUP BY bucket
"""

_ACTIVATION = f"""
SELECT {{choice}}, toInt64(count()) AS value
FROM (
    SELECT person_id, minIf(at_ms, event = {{signup:String}}) AS signed_up,
        toInt32(toDate(fromUnixTimestamp64Milli(toInt64(signed_up)), {{timezone:String}})) AS signup_day,
        arraySort(arrayFilter(
            at -> at >= signed_up AND at < signed_up + {{window_ms:UInt64}},
            groupArrayIf(at_ms, event IN {{actions:Array(String)}})
        )) AS actions,
        length(actions) >= {{needed:UInt32}} AS is_activated,
        toInt32(toDate(fromUnixTimestamp64Milli(toInt64(actions[{{needed:UInt32}}])), {{timezone:String}})) AS third_day
    FROM ({_EVENTS})
    WHERE type = 'track'
    GROUP BY person_id
    HAVING countIf(event = {{signup:String}}) > 0
)
WHERE {{condition}}
GROUP BY bucket
"""

_ACTIVATION_COUNTERS = (
    ("signups", "signup_day", "1"),
    ("activated", "signup_day", "is_activated"),
    ("activations", "third_day", "is_activated"),
)
_WIDTHS = (("dau", 1), ("wau", 7), ("mau", 30))


def counter_queries(definitions: StreamDefinitions) -> list[str]:
    """Queries whose union is (metric, bucket, value) of every counter; parameters come from `parameters`."""
    actives = [_ACTIVES.replace("{metric}", metric).replace("{width}", str(width)) for metric, width in _WIDTHS]
    activation = [
        _ACTIVATION.replace("{choice}", f"'{metric}' AS metric, {day} AS bucket").replace("{condition}", condition)
        for metric, day, condition in _ACTIVATION_COUNTERS
    ]
    return actives + activation + [_funnel_query(funnel) for funnel in definitions.funnels]


def parameters(definitions: StreamDefinitions) -> dict[str, object]:
    """Bound parameters of the queries."""
    return {
        "timezone": definitions.timezone,
        "active_types": sorted(definitions.active_types),
        "active_events": sorted(definitions.active_events),
        "signup": definitions.signup_event,
        "actions": sorted(definitions.core_actions),
        "needed": definitions.core_actions_needed,
        "window_ms": definitions.activation_window_seconds * 1000,
        **{
            f"funnel_{funnel.id}_{number}": step.event
            for funnel in definitions.funnels
            for number, step in enumerate(funnel.steps)
        },
    }


def _funnel_query(funnel: FunnelDefinition) -> str:
    """Entries by day and step. Each step is the first event at or after the previous one that serves no step yet.

    Times and ids travel as pairs; a step that was not reached is (0, ''), and so are all after it.
    """
    name = f"funnel_{funnel.id}"
    events = ", ".join(
        f"arraySort(groupArrayIf((at_ms, message_id), event = {{{name}_{number}:String}})) AS events_{number}"
        for number in range(len(funnel.steps))
    )
    source = f"""
        SELECT {events}, arrayDistinct(arrayMap(
            one -> toInt32(toDate(fromUnixTimestamp64Milli(toInt64(one.1)), {{timezone:String}})), events_0)) AS days
        FROM ({_EVENTS}) WHERE type = 'track' GROUP BY person_id HAVING notEmpty(events_0)
    """
    query = f"""
        SELECT *, day AS bucket, arrayFirst(
            one -> toInt32(toDate(fromUnixTimestamp64Milli(toInt64(one.1)), {{timezone:String}})) = day, events_0
        ) AS step_0
        FROM ({source}) ARRAY JOIN days AS day
    """
    for number in range(1, len(funnel.steps)):
        used = ", ".join(f"step_{earlier}.2" for earlier in range(number))
        query = f"""
        SELECT *, if(step_{number - 1}.1 = 0, (0, ''), arrayFirst(
            one -> one.1 >= step_{number - 1}.1 AND NOT has([{used}], one.2), events_{number}
        )) AS found_{number}, if(
            found_{number}.1 < step_0.1 + {funnel.window_seconds * 1000}, found_{number}, (0, '')
        ) AS step_{number}
        FROM ({query})
        """
    reached = " + ".join(f"(step_{number}.1 > 0)" for number in range(len(funnel.steps)))
    return f"""
    SELECT concat('{funnel_counter(funnel.id, 0)[:-1]}', toString(step)) AS metric, bucket, toInt64(count()) AS value
    FROM (SELECT bucket, {reached} AS reached FROM ({query})) ARRAY JOIN range(1, reached + 1) AS step
    GROUP BY metric, bucket
    """
