"""Ten million events of a company, made by the embedded engine itself in some minutes: people, accounts, subscriptions.

Counters and funnel entries are plausible, not counted: what it costs to read them does not depend on their values.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from schemas.definitions import StreamDefinitions
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.workspace_facts import write_workspace_facts

EVENTS = 10_000_000
PEOPLE = 250_000
DAYS = 399
_BLOCK = 1_000_000
_ACCOUNT_SIZE = 5
_PAYING = 20
"""One of so many people pays for an account."""

_COLUMNS = (
    "message_id, type, event, user_id, anonymous_id, group_id, properties, context, traits, occurred_ms, received_ms"
)

# A person signs up on a day of its own and comes less and less after it; the busy ones are few.
_ACTIONS = """
WITH
    toUInt32(pow(cityHash64(number, 'p') / 18446744073709551615.0, 1.7) * {people:UInt32}) AS person,
    cityHash64(person, 's') % {days:UInt32} AS joined,
    cityHash64(number, 'd') / 18446744073709551615.0 AS late,
    least(joined + toUInt32(-log(late + 1e-9) * 45), {days:UInt32} - 1) AS day,
    cityHash64(number, 'e') % 1000 AS dice,
    {start_ms:Int64} + day * 86400000 + cityHash64(number, 't') % 86400000 AS at_ms,
    multiIf(
        dice < 420, '', dice < 620, 'Task Completed', dice < 700, 'Feature Used', dice < 760, 'Project Created',
        dice < 810, 'Report Shared', dice < 850, 'Teammate Invited', dice < 900, 'Pricing Viewed',
        dice < 915, 'Ticket Opened', dice < 930, 'Ticket Resolved', dice < 950, 'Survey Answered',
        dice < 962, 'Invitation Accepted', dice < 972, 'Lead Created', dice < 980, 'Opportunity Opened',
        dice < 986, 'Opportunity Closed', dice < 992, 'Trial Started', 'Setup Completed'
    ) AS what,
    number % 10 < 3 AS is_device
SELECT
    concat('m', toString(number)),
    if(what = '', 'page', 'track'),
    what,
    if(is_device, '', concat('p', toString(person))),
    if(is_device, concat('v', toString(person)), ''),
    '',
    multiIf(
        what = 'Feature Used', concat('{"feature":"f', toString(number % 7), '"}'),
        what = 'Survey Answered',
        concat('{"kind":"', ['nps', 'csat', 'ces'][1 + number % 3], '","score":', toString(1 + number % 5), '}'),
        startsWith(what, 'Ticket'), concat('{"ticket":"', toString(person), '"}'),
        what = 'Opportunity Closed', concat('{"outcome":"', ['won', 'lost'][1 + number % 2], '"}'),
        '{}'
    ),
    if(person % 3 = 0, concat('{"campaign":{"medium":"', ['cpc', 'email', 'social'][1 + person % 7 % 3], '"}}'), '{}'),
    '{}',
    at_ms,
    at_ms
FROM numbers({block:UInt64}, {count:UInt64})
"""

# Once a person: the signup, and the account it belongs to.
_PEOPLE = """
WITH
    cityHash64(number, 's') % {days:UInt32} AS joined,
    {start_ms:Int64} + joined * 86400000 + cityHash64(number, 'j') % 80000000 AS at_ms,
    concat('g', toString(intDiv(number, {size:UInt32}))) AS account
SELECT concat('s', toString(number)), 'track', 'Account Created', concat('p', toString(number)),
    concat('v', toString(number)), '',
    concat('{"channel":"', ['organic', 'direct', 'referral', 'paid_search'][1 + number % 4], '"}'), '{}', '{}',
    at_ms, at_ms
FROM numbers({people:UInt64})
UNION ALL
SELECT concat('g', toString(number)), 'group', '', concat('p', toString(number)), '', account, '{}', '{}',
    concat('{"industry":"i', toString(intDiv(number, {size:UInt32}) % 9), '","country":"FR"}'),
    at_ms + 1000, at_ms + 1000
FROM numbers({people:UInt64})
UNION ALL
SELECT concat('i', toString(number)), 'identify', '', concat('p', toString(number)), '', '', '{}', '{}',
    concat('{"role":"r', toString(number % 4), '","country":"', ['FR', 'DE', 'US', 'GB'][1 + number % 4], '"}'),
    at_ms + 2000, at_ms + 2000
FROM numbers({people:UInt64})
"""

# Of each paying account: a start, a payment a month, and perhaps an upgrade and an end.
_SUBSCRIPTIONS = """
WITH
    number * {paying:UInt32} AS person,
    cityHash64(person, 's') % {days:UInt32} AS joined,
    {start_ms:Int64} + joined * 86400000 + 40000000 AS at_ms,
    least(toUInt32(1 + cityHash64(number, 'l') % 14), intDiv({days:UInt32} - joined, 30) + 1) AS months
SELECT
    concat('u', toString(number), '-', toString(part)),
    'track',
    multiIf(
        part = 0, 'Subscription Started', part = 20 AND number % 4 = 0, 'Subscription Upgraded',
        part = 21, 'Subscription Canceled', 'Payment Received'
    ) AS what,
    concat('p', toString(person)), '', '',
    multiIf(
        what = 'Payment Received', '{"amount":49.0}',
        what = 'Subscription Canceled', '{"plan":"team"}',
        concat('{"plan":"', ['starter', 'team', 'business'][1 + number % 3], '","mrr":',
            toString(29 + 20 * (number % 5) + 15 * (part = 20)), '}')
    ),
    '{}', '{}',
    at_ms + multiIf(part < 20, part, part = 20, 2, months) * 2592000000 AS moment, moment
FROM
(
    SELECT number, arrayJoin(arrayConcat(range(15), [20, 21])) AS part FROM numbers({payers:UInt64})
)
WHERE (part < months OR (part = 20 AND months > 3) OR (part = 21 AND number % 3 = 0))
    AND moment < {start_ms:Int64} + {days:UInt32} * 86400000
"""

_OVERRIDES = """
SELECT concat('d:v', toString(number)), concat('u:p', toString(number)) FROM numbers({people:UInt64})
"""

_COUNTERS = """
SELECT 0, metric, toInt32(toUInt16({first:Date})) + day AS bucket, toInt64(sums * (1 + day % 7)), 1, 1, 1
FROM (SELECT arrayJoin([
    ('dau', 4000), ('wau', 11000), ('mau', 23000), ('signups', 620), ('activated', 300), ('activations', 310),
    ('funnel:onboarding:1', 900), ('funnel:onboarding:2', 600), ('funnel:onboarding:3', 300),
    ('funnel:onboarding:4', 40)
]) AS one, one.1 AS metric, one.2 AS sums) AS metrics
CROSS JOIN (SELECT toInt32(number) AS day FROM numbers({days:UInt64})) AS days
"""

_FUNNEL = """
WITH toInt64({start_ms:Int64} + cityHash64(number, 's') % {days:UInt32} * 86400000) AS at_ms
SELECT 0, concat('u:p', toString(number)), 'onboarding', toInt32(intDiv(at_ms, 86400000)),
    arrayMap(step -> at_ms + step * 60000, range(1 + number % 4)), 1, 1, 1
FROM numbers({people:UInt64})
"""

_FACTS = """
SELECT fact, {first:Date} + number AS day, category, channel, 'bench',
    toDecimal128(100 + (number * 7 + length(channel)) % 50, 10), 'bench', '', 1
FROM (SELECT arrayJoin([
    ('spend', 'marketing', 'paid_search'), ('spend', 'marketing', 'social'), ('spend', 'marketing', 'email'),
    ('spend', 'sales', ''), ('spend', 'product', ''), ('revenue', 'starter', ''), ('revenue', 'team', ''),
    ('revenue', 'business', ''), ('cogs', 'starter', ''), ('cogs', 'team', ''), ('cogs', 'business', ''),
    ('cash', '', ''), ('cash_in', '', ''), ('cash_out', '', ''), ('receivables', '', ''), ('payables', '', ''),
    ('inventory', '', ''), ('headcount', '', ''), ('departures', '', ''), ('seats', '', ''),
    ('impressions', '', 'social'), ('reach', '', 'social'), ('clicks', '', 'social'), ('feature_cost', 'f1', '')
]) AS one, one.1 AS fact, one.2 AS category, one.3 AS channel) AS names
CROSS JOIN (SELECT toUInt32(number) AS number FROM numbers({days:UInt64})) AS days
"""


def make_history(folder: Path, definitions: StreamDefinitions, today: date, events: int = EVENTS) -> None:
    """Fill a new warehouse with history up to yesterday; numbers are in proportion to `events`."""
    warehouse = Warehouse.embedded(folder)
    try:
        migrate(warehouse)
        write_workspace_facts(warehouse, definitions)
        _fill(warehouse, today - timedelta(days=DAYS), events)
    finally:
        warehouse.close()


def _fill(warehouse: Warehouse, first: date, events: int) -> None:
    people = events * PEOPLE // EVENTS
    parameters = {
        "first": first,
        "start_ms": int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000),
        "days": DAYS,
        "people": people,
        "payers": people // _PAYING,
        "paying": _PAYING,
        "size": _ACCOUNT_SIZE,
    }
    into_events = f"INSERT INTO northstream.events ({_COLUMNS})"
    for query in (_PEOPLE, _SUBSCRIPTIONS):
        warehouse.command(into_events + query, parameters)
    for start in range(0, events, _BLOCK):
        block = {"block": start, "count": min(_BLOCK, events - start)}
        warehouse.command(into_events + _ACTIONS, parameters | block)
    owned = "epoch, nonce, version"
    for table, columns, query in (
        ("overrides", "person_id, united_into", _OVERRIDES),
        ("counters", f"partition, metric, bucket, value, {owned}", _COUNTERS),
        ("funnel_entries", f"partition, person_id, funnel, day, times_ms, {owned}", _FUNNEL),
        ("facts", "fact, day, category, channel, source, value, uploader, note, version", _FACTS),
    ):
        warehouse.command(f"INSERT INTO northstream.{table} ({columns}) {query}", parameters)
    for table, more, values in (
        ("counter_heads", "", ""),
        ("checkpoint_headers", ", lineage, definitions, watermark_ms", ", [(1, 1, 1)], '', 0"),
    ):
        warehouse.command(f"INSERT INTO northstream.{table} (partition, {owned}{more}) SELECT 0, 1, 1, 1{values}")
