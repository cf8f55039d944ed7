"""What the events say of subscriptions and payments, by account as known now, read anew when something has changed.

Does not reckon: see `metrics.balance`.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from metrics.asking import Query
from metrics.balance import ZERO, Change, monthly_amount
from metrics.balance_parts import Payment

CANCELED = "Subscription Canceled"
UPGRADED = "Subscription Upgraded"
PAID = "Payment Received"
EVENTS = ("Subscription Started", UPGRADED, "Subscription Downgraded", "Subscription Renewed", CANCELED, PAID)
"""Names that the plan fixes (contracts §6)."""

CAUSES = frozenset(("upgrade", "add_on", "cross_sell", "usage"))

_LIMIT = Decimal("1E+15")

# What is united in copies or persons, or belongs to another account, leaves a trace in one of these.
_MARK = """
SELECT
    (
        SELECT (count(), max(loaded_at)) FROM northstream.metric_events
        WHERE type = 'track' AND event IN {events:Array(String)}
    ),
    (SELECT (count(), max(loaded_at)) FROM northstream.metric_events WHERE type = 'group'),
    (SELECT (count(), max(noted_at)) FROM northstream.overrides)
"""

OWNED = """
SELECT
    owned.event AS event,
    toUnixTimestamp64Milli(owned.occurred_at) AS at_ms,
    toDate(owned.occurred_at, {timezone:String}) AS day,
    owned.message AS message,
    owned.person AS person,
    if(owned.named != '', owned.named, groups.latest) AS group_id,
    if(group_id != '', group_id, owned.person) AS account,
    owned.properties AS properties
FROM
(
    SELECT
        said.event AS event, said.occurred_at AS occurred_at, said.message AS message,
        said.group_id AS named, said.properties AS properties,
        if(united.united_into = '', said.person_id, united.united_into) AS person
    FROM
    (
        SELECT event, occurred_at, message, person_id, group_id, properties
        FROM northstream.metric_events FINAL
        WHERE type = 'track' AND event IN {events:Array(String)} AND person != 0
    ) AS said
    LEFT JOIN northstream.current_overrides AS united ON united.person_id = said.person_id
) AS owned
LEFT JOIN
(
    SELECT
        if(united.united_into = '', grouped.person_id, united.united_into) AS person,
        argMax(grouped.group_id, (grouped.occurred_at, grouped.message)) AS latest
    FROM
    (
        SELECT occurred_at, message, person_id, group_id
        FROM northstream.metric_events FINAL
        WHERE type = 'group' AND group_id != '' AND person != 0
    ) AS grouped
    LEFT JOIN northstream.current_overrides AS united ON united.person_id = grouped.person_id
    GROUP BY person
) AS groups ON groups.person = owned.person
"""
"""Every subscription event and payment with the `account` that it is of, as known now: the group that the event names
(`group_id`), else that of its `person`'s latest group call, else the person. Binds `events` and `timezone`."""

_READ = f"""
SELECT event, at_ms, day, message, account, properties FROM ({OWNED})
ORDER BY account, at_ms, message
"""

_MESSAGE_IDS = """
SELECT DISTINCT sipHash64(message_id), message_id FROM northstream.events
WHERE event IN {events:Array(String)} AND sipHash64(message_id) IN {messages:Array(UInt64)}
"""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class Books:
    """Everything said of subscriptions, and the payments of each account in the order of time."""

    changes: Sequence[Change]
    payments: Mapping[str, Sequence[Payment]]


class _Row(NamedTuple):
    event: str
    at_ms: int
    day: date
    message: int
    account: str
    properties: str


@dataclass(frozen=True, slots=True)
class SubscriptionEvents:
    """`timezone` is the workspace's: it says on which day something happened."""

    query: Query
    timezone: str

    def mark(self) -> Hashable:
        """The same while nothing has changed that `read` would show; cheap to ask."""
        return tuple(self.query.rows(_MARK, {"events": list(EVENTS)})[0])

    def read(self) -> Books:
        """As known now. What says no amount that can be meant changes nothing."""
        parameters = {"events": list(EVENTS), "timezone": self.timezone}
        rows = [_Row(*row) for row in self.query.rows(_READ, parameters)]
        ids = self._ids_of_ties([row for row in rows if row.event != PAID])
        changes = []
        payments: dict[str, list[Payment]] = {}
        for row in rows:
            properties = _properties(row.properties)
            if row.event == PAID:
                if (amount := _number(properties.get("amount"))) is not None:
                    payments.setdefault(row.account, []).append(Payment(row.day, amount))
            elif (monthly := _monthly(row.event, properties)) is not None:
                message_id = ids.get(row.message, "")
                cause = _cause(row.event, properties.get("cause"))
                changes.append(Change(row.account, row.day, row.at_ms, message_id, monthly, cause))
        return Books(changes, payments)

    def _ids_of_ties(self, rows: Sequence[_Row]) -> Mapping[int, str]:
        """Message ids by their hash, where several of an account's events have one time: there they decide."""
        tied = {
            row.message
            for one, other in pairwise(rows)
            if (one.account, one.at_ms) == (other.account, other.at_ms)
            for row in (one, other)
        }
        if not tied:
            return {}
        parameters = {"events": list(EVENTS), "messages": sorted(tied)}
        return {int(message): str(message_id) for message, message_id in self.query.rows(_MESSAGE_IDS, parameters)}


def _properties(text: str) -> Mapping[str, Any]:
    found = _decode(text or "{}")
    return found if isinstance(found, dict) else {}


def _monthly(event: str, properties: Mapping[str, Any]) -> Decimal | None:
    if event == CANCELED:
        return ZERO
    interval = properties.get("interval")
    mrr, amount = _number(properties.get("mrr")), _number(properties.get("amount"))
    return monthly_amount(mrr, amount, interval if isinstance(interval, str) else "")


def _cause(event: str, said: object) -> str:
    """Why more is paid; an upgrade that names no cause is one."""
    if isinstance(said, str) and said in CAUSES:
        return said
    return "upgrade" if event == UPGRADED else ""


def _number(said: object) -> Decimal | None:
    """A JSON number to the digit; anything else says nothing, and so does what no money can be."""
    if isinstance(said, bool) or not isinstance(said, int | Decimal):
        return None
    number = Decimal(said)
    return number if abs(number) < _LIMIT else None
