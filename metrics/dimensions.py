"""The dimensions by which people, accounts and events are split, as queries that give each person or account a value.

Everything is as known now: who is united with whom, the latest traits, the latest group. Does not run anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from metrics.sources import ACTIONS, text_of
from metrics.statement import EARLIER, LATER, Parameters
from schemas.measuring import DIMENSIONS, UnknownDimension

PROPERTY = "property."
"""Before the name of an event's own property."""

UNITED = """(
    SELECT sipHash64(person_id) AS own, min(united_into) AS name, sipHash64(name) AS united
    FROM northstream.overrides GROUP BY person_id
)"""
"""Whom an id belongs to, if that is not itself."""

GROUP_KEY = "sipHash64(concat('g:', group_id))"
"""An account's key; that of an account without a group is its person's."""


class Lookup(NamedTuple):
    """A query of `key` and `value` (a Nullable(String)); `by` says whose key it is."""

    by: Literal["person", "account"]
    sql: str


@dataclass(frozen=True, slots=True)
class Dimensions:
    """`person_traits`, `group_traits`: what the workspace declares."""

    person_traits: Sequence[str] = ()
    group_traits: Sequence[str] = ()

    def names(self) -> list[str]:
        """All but properties of events."""
        return list(dict.fromkeys((*DIMENSIONS, *self.person_traits, *self.group_traits)))

    def check(self, dimension: str, has_properties: bool = True) -> None:
        """Raise UnknownDimension, which says what there is."""
        if dimension in self.names() or (has_properties and dimension.startswith(PROPERTY)):
            return
        kinds = f"{', '.join(self.names())}{' or property.NAME' if has_properties else ''}"
        raise UnknownDimension(f"there is no dimension {dimension} here, only {kinds}")

    def lookups(self, dimension: str, parameters: Parameters, of: str = "1") -> list[Lookup]:
        """The first that has a value counts. None for `account`, which is the row's own, and for properties.

        `of`: a condition on `person`, where not everybody is needed.
        """
        if dimension == "channel":
            return [Lookup("person", _first_channels(of))]
        found = [Lookup("account", _latest_plans(parameters))] if dimension == "plan" else []
        if dimension in (*self.person_traits, "country", "plan"):
            found.append(Lookup("person", _person_traits(dimension, parameters)))
        if dimension in (*self.group_traits, "country", "plan"):
            found.append(Lookup("account", _group_traits(dimension, parameters)))
        return found if dimension in self.names() and dimension != "account" else []


def resolved(condition: str, columns: str = "") -> str:
    """Rows of `metric_events`, copies united, with `who` they belong to now and the `name` of that person."""
    return f"""(
    SELECT rows.*, if(united.united = 0, rows.person, united.united) AS who,
        if(united.united = 0, rows.person_id, united.name) AS name
    FROM (
        SELECT type, event, person, person_id, message, precedence, group_id, properties{columns}
        FROM northstream.metric_events FINAL WHERE {condition}
    ) AS rows
    LEFT ANY JOIN {UNITED} AS united ON united.own = rows.person
)"""


def with_accounts(rows: str) -> str:
    """The same rows with the `account` of each, and the group that it is (empty: the person alone)."""
    return f"""(
    SELECT rows.* EXCEPT group_id, if(rows.group_id != '', rows.group_id, groups.latest) AS group_id,
        if(group_id != '', {GROUP_KEY}, rows.who) AS account
    FROM {rows} AS rows
    LEFT ANY JOIN {latest_groups()} AS groups ON groups.who = rows.who
)"""


def latest_groups() -> str:
    """`who` and the group of their `latest` group call."""
    return f"""(
        SELECT who, argMax(group_id, {LATER}) AS latest
        FROM {resolved("type = 'group' AND group_id != '' AND person != 0")} GROUP BY who
)"""


def _first_channels(of: str) -> str:
    """The channel of each person's earliest action. A later copy of it does not matter, so that copies may stay."""
    return f"""
    SELECT if(united.united = 0, firsts.person, united.united) AS key,
        toNullable(toString(argMax(firsts.channel, firsts.rank))) AS value
    FROM (
        SELECT person, argMax(channel, {EARLIER}) AS channel, max({EARLIER}) AS rank
        FROM northstream.metric_events WHERE {ACTIONS} AND person != 0 AND {of} GROUP BY person
    ) AS firsts
    LEFT ANY JOIN {UNITED} AS united ON united.own = firsts.person
    GROUP BY key"""


def _person_traits(trait: str, parameters: Parameters) -> str:
    return f"""
    SELECT who AS key, argMax(said, {LATER}) AS value
    FROM (
        SELECT who, precedence, message, {text_of(trait, parameters)} AS said
        FROM {resolved("type = 'identify' AND person != 0")} WHERE said IS NOT NULL
    )
    GROUP BY key"""


def _group_traits(trait: str, parameters: Parameters) -> str:
    return f"""
    SELECT {GROUP_KEY} AS key, argMax(said, {LATER}) AS value
    FROM (
        SELECT group_id, precedence, message, {text_of(trait, parameters)} AS said
        FROM northstream.metric_events FINAL WHERE type = 'group' AND group_id != '' AND said IS NOT NULL
    )
    GROUP BY key"""


def _latest_plans(parameters: Parameters) -> str:
    """Of an account the plan that its latest subscription event names."""
    rows = with_accounts(resolved("type = 'track' AND startsWith(event, 'Subscription ') AND person != 0"))
    return f"""
    SELECT account AS key, argMax(said, {LATER}) AS value
    FROM (
        SELECT account, precedence, message, {text_of("plan", parameters)} AS said FROM {rows} WHERE said IS NOT NULL
    )
    GROUP BY key"""
