"""The value of a dimension for every account that ever subscribed or paid, as known now.

An account has one value: what is said of the account itself, else of its buyer, the person of its first such event. So
segments of balances add up to the whole. Does not know what dimensions there are: see `metrics.dimensions`.
"""

import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from metrics.dimensions import GROUP_KEY, UNITED, Dimensions
from metrics.statement import Parameters
from metrics.subscription_events import EVENTS, OWNED, SubscriptionEvents

KEPT_SECONDS = 5.0
"""For so long a late message about a buyer's first visit may be missed; all else is seen at once."""

_TRAITS = "SELECT count(), max(loaded_at) FROM northstream.metric_events WHERE type = 'identify'"

_OWNERS = f"""(
    SELECT account, group_id, if(group_id != '', {GROUP_KEY}, sipHash64(account)) AS account_key,
        sipHash64(argMin(person, (at_ms, message))) AS buyer_key
    FROM ({OWNED}) WHERE account != '' GROUP BY account, group_id
)"""

_PAYERS = f"""(
    SELECT if(united.united = 0, said.person, united.united)
    FROM (
        SELECT DISTINCT person FROM northstream.metric_events
        WHERE type = 'track' AND event IN {{events:Array(String)}}
    ) AS said
    LEFT ANY JOIN {UNITED} AS united ON united.own = said.person
)"""
_OF_PAYERS = f"(person IN {_PAYERS} OR person IN (SELECT own FROM {UNITED} WHERE united IN {_PAYERS}))"
"""Whose first visits are looked at: there are far fewer who pay than who come."""

_Values = Mapping[str, str | None]


@dataclass
class AccountDimensions:
    """Safe to call from several threads. `clock` counts seconds from anywhere."""

    events: SubscriptionEvents
    dimensions: Dimensions
    clock: Callable[[], float] = time.monotonic
    _reading: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[str, tuple[Hashable, float, _Values]] = field(default_factory=dict)

    def names(self) -> Sequence[str]:
        """All dimensions of accounts."""
        return self.dimensions.names()

    def __call__(self, dimension: str) -> _Values:
        """By account; those of whom nothing is said are None or absent.

        Raises:
            UnknownDimension: there is none of this name; an event's own property says nothing of an account.
        """
        self.dimensions.check(dimension, has_properties=False)
        with self._reading:
            mark = (self.events.mark(), *map(tuple, self.events.query.rows(_TRAITS, {})))
            now = self.clock()
            known, read_at, values = self._kept.get(dimension, (None, now, {}))
            if known != mark or now - read_at > KEPT_SECONDS:
                values = self._read(dimension)
                self._kept[dimension] = (mark, now, values)
            return values

    def _read(self, dimension: str) -> _Values:
        parameters = Parameters()
        joins, values = [], []
        if dimension == "account":
            values.append("nullIf(owners.group_id, '')")
        for number, lookup in enumerate(self.dimensions.lookups(dimension, parameters, _OF_PAYERS)):
            key = "account_key" if lookup.by == "account" else "buyer_key"
            joins.append(f"LEFT ANY JOIN ({lookup.sql}) AS looked{number} ON looked{number}.key = owners.{key}")
            values.append(f"looked{number}.value")
        sql = f"SELECT owners.account, coalesce({', '.join(values)}) FROM {_OWNERS} AS owners {' '.join(joins)}"
        bound = {**parameters.values, "events": list(EVENTS), "timezone": self.events.timezone}
        return {str(account): value for account, value in self.events.query.rows(sql, bound)}
