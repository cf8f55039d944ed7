"""The rows that one question looks at: whom they belong to, in which bucket they fall, of which segment they are.

Writes SQL, runs none. A row's segment is that of its person or account as known now, or its own property.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from metrics.asking import Ask, Bucket
from metrics.dimensions import PROPERTY, Dimensions, resolved, with_accounts
from metrics.sources import condition_of, text_of
from metrics.statement import AT_MS, Parameters, bucket_of, within
from schemas.calendar import Calendar, day_number
from schemas.computes import EventSet, Subject
from schemas.definitions import StreamDefinitions
from schemas.measuring import OTHERS

NO_SEGMENT = "CAST(NULL AS Nullable(String))"


@dataclass
class Asked:
    """One question. `now_ms`: the present, which cohorts mature by."""

    ask: Ask
    stream: StreamDefinitions
    dimensions: Dimensions
    now_ms: int
    parameters: Parameters = field(default_factory=Parameters)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.stream.timezone)

    @property
    def first(self) -> date:
        return self.ask.buckets[0].first

    @property
    def last(self) -> date:
        return max(bucket.last for bucket in self.ask.buckets)

    @property
    def is_split(self) -> bool:
        return bool(self.ask.split)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything has to be known of people and accounts."""
        return bool(self.ask.split or self.ask.filters)

    def check(self, has_properties: bool = True) -> None:
        """Raises UnknownDimension."""
        for dimension in (*(segment.dimension for segment in self.ask.filters), *([self.ask.split] * self.is_split)):
            self.dimensions.check(dimension, has_properties)

    def bucket(self, day: str = "day") -> str:
        return bucket_of(day, self.ask.buckets)

    def end_ms(self, bucket: Bucket) -> int:
        """When the bucket is over, or today is."""
        return self.calendar.start_of(day_number(bucket.last) + 1)

    def day_of(self, at_ms: str) -> str:
        """The workspace's day of an instant (both expressions), as UInt16."""
        zone = self.parameters.bind(self.stream.timezone)
        return f"toUInt16(toDate(fromUnixTimestamp64Milli({at_ms}), {zone}))"

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.now_ms / 1000, self.calendar.zone).date()

    def of_people(self, rows: str) -> str:
        """Rows that have `who`, `name` and an empty `group_id`, with their `segment`; others left out."""
        told = self._told()
        known = with_accounts(rows) if told.by_account else rows
        return f"""(
    SELECT rows.*, {told.segment} AS segment FROM {known} AS rows {" ".join(told.joins)} WHERE {told.passes}
)"""

    def plain(
        self,
        source: EventSet,
        of: Subject = "person",
        first: date | None = None,
        last: date | None = None,
        extra: str = "",
    ) -> str:
        """`subject`, `at` (Unix ms), `day`, `message` and `extra` columns, whatever their segment is."""
        return self._rows(source, of, first, last, extra, _WHOLE)

    def told(
        self,
        source: EventSet,
        of: Subject = "person",
        first: date | None = None,
        last: date | None = None,
        extra: str = "",
    ) -> str:
        """The same with their `segment`, those of other segments left out."""
        told = self._told()
        return f"(SELECT * FROM {self._rows(source, of, first, last, extra, told)} WHERE passes)"

    def messages(self, source: EventSet, first: date, last: date, extra: str = "") -> str:
        """The same, but nobody is asked whose they are where that does not matter."""
        if self.is_narrowed:
            return self.told(source, "person", first, last, extra)
        condition = self._condition(source, first, last)
        return f"""(
    SELECT {AT_MS} AS at, message, {self.day_of("at")} AS day, {NO_SEGMENT} AS segment{extra}
    FROM northstream.metric_events FINAL WHERE {condition}
)"""

    def firsts(self, source: EventSet, of: Subject = "person", is_told: bool = True) -> str:
        """Of each subject its first such message ever: `subject`, `at`, `day`, `message`, `segment`, `bucket`.

        What falls in no bucket, or whose first message is of another segment, is left out; without `is_told` whatever
        the segment is.
        """
        told = self._told() if is_told else _WHOLE
        first = "(min(at), argMin(message, at), NULL, 1)"
        if told != _WHOLE:
            first = "argMin((at, message, segment, passes), bitShiftLeft(toUInt128(at), 64) + message)"
        return f"""(
    SELECT subject, name, first.1 AS at, first.2 AS message, first.3 AS segment,
        {self.day_of("at")} AS day, {self.bucket()} AS bucket
    FROM (
        SELECT subject, any(name) AS name, {first} AS first
        FROM {self._rows(source, of, None, self.last, "", told)} GROUP BY subject
    )
    WHERE first.4 AND bucket > 0
)"""

    def _condition(self, source: EventSet, first: date | None, last: date | None) -> str:
        condition = condition_of(source, self.stream, self.parameters)
        return f"{within(self.calendar, first, last)} AND person != 0 AND ({condition})"

    def _rows(
        self, source: EventSet, of: Subject, first: date | None, last: date | None, extra: str, told: "_Told"
    ) -> str:
        rows = resolved(self._condition(source, first, last))
        subject, name = "rows.who", "rows.name"
        if of == "account" or told.by_account:
            rows = with_accounts(rows)
        if of == "account":
            subject, name = "rows.account", "if(rows.group_id != '', rows.group_id, rows.name)"
        return f"""(
    SELECT {subject} AS subject, {name} AS name, {AT_MS} AS at, message, {self.day_of("at")} AS day,
        {told.segment} AS segment, {told.passes} AS passes{extra}
    FROM {rows} AS rows {" ".join(told.joins)}
)"""

    def _told(self) -> "_Told":
        joins: list[str] = []
        by_account: list[bool] = []
        segment = self._named(self._value_of(self.ask.split, joins, by_account)) if self.ask.split else NO_SEGMENT
        conditions = []
        for one in self.ask.filters:
            value = self._value_of(one.dimension, joins, by_account)
            is_it = f"= {self.parameters.bind(one.value)}" if one.value is not None else "IS NULL"
            conditions.append(f"ifNull({value} {is_it}, 0)")
        return _Told(segment, " AND ".join(conditions) or "1", tuple(joins), any(by_account))

    def _named(self, segment: str) -> str:
        """The segment, or that of all the others."""
        told = self.ask.told
        if told is None:
            return segment
        others = self.parameters.bind(OTHERS)
        names = self.parameters.bind([name for name in told if name is not None], "Array(String)")
        nobody = NO_SEGMENT if None in told else others
        return f"multiIf({segment} IS NULL, {nobody}, assumeNotNull({segment}) IN {names}, {segment}, {others})"

    def _value_of(self, dimension: str, joins: list[str], by_account: list[bool]) -> str:
        if dimension.startswith(PROPERTY):
            return text_of(dimension.removeprefix(PROPERTY), self.parameters)
        if dimension == "account":
            by_account.append(True)
            return "nullIf(rows.group_id, '')"
        values = []
        for lookup in self.dimensions.lookups(dimension, self.parameters):
            alias = f"looked{len(joins)}"
            key = "rows.account" if lookup.by == "account" else "rows.who"
            by_account.append(lookup.by == "account")
            joins.append(f"LEFT ANY JOIN ({lookup.sql}) AS {alias} ON {alias}.key = {key}")
            values.append(f"{alias}.value")
        return f"coalesce({', '.join(values)})"


class _Told(NamedTuple):
    """The expression of a row's segment, the condition that it fulfils all filters, and the joins that both need."""

    segment: str
    passes: str
    joins: tuple[str, ...]
    by_account: bool


_WHOLE = _Told(NO_SEGMENT, "1", (), False)
