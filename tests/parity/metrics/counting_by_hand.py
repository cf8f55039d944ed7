"""The kinds of metrics counted with loops over messages: what the SQL must agree with.

Shares nothing with it but the definitions.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from parity.metrics.small_company import TIMEZONE, Company, Message

from metrics.asking import WHOLE, Ask, Bucket
from schemas.computes import (
    Actives,
    Compute,
    Conversion,
    Count,
    Distinct,
    EventSet,
    Mean,
    Retention,
    Sessions,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import StreamDefinitions
from schemas.measuring import OTHERS

Numbers = dict[str | None, dict[date, tuple[Decimal, Decimal | None]]]

HALF_HOUR_MS = 1_800_000


@dataclass(frozen=True)
class Row:
    """A message as it counts: once, at its earliest time, for the person as known now."""

    message: Message
    at: int
    day: date
    who: str
    account: str


class ByHand:
    """Counts a company. `person_traits` and `group_traits` are those that the workspace declares."""

    def __init__(
        self, company: Company, stream: StreamDefinitions, person_traits: Iterable[str], group_traits: Iterable[str]
    ) -> None:
        self._stream = stream
        self._segments: dict[tuple[str, str, str], str | None] = {}
        self._person_traits, self._group_traits = set(person_traits), set(group_traits)
        earliest: dict[str, Message] = {}
        for message in company.messages:
            if message.id not in earliest or message.at_ms < earliest[message.id].at_ms:
                earliest[message.id] = message
        resolved = [(one, company.united.get(one.person, one.person)) for one in earliest.values()]
        groups: dict[str, str] = {}
        for message, who in sorted(resolved, key=lambda pair: pair[0].at_ms):
            if message.type == "group" and message.group_id:
                groups[who] = message.group_id
        self._groups = groups
        self.rows = sorted(
            (
                Row(one, one.at_ms, day_of(one.at_ms), who, one.group_id or groups.get(who, who))
                for one, who in resolved
            ),
            key=lambda row: row.at,
        )

    def compute(self, compute: Compute, ask: Ask) -> Numbers:
        found = self._found(compute, ask)
        return {segment: dict(buckets) for segment, buckets in found.items() if buckets}

    def _found(self, compute: Compute, ask: Ask) -> Numbers:
        match compute:
            case Count():
                return self._over(ask, self._told(compute.source, ask), lambda rows: (len(rows), None))
            case Distinct(first=False):
                return self._over(
                    ask,
                    self._told(compute.source, ask),
                    lambda rows: (len({subject(row, compute.of) for row in rows}), None),
                )
            case Distinct():
                return self._over(ask, self._starts(compute.source, compute.of, ask), lambda rows: (len(rows), None))
            case Sum() | Mean():
                return self._amounts(compute, ask)
            case Actives():
                return self._actives(compute, ask)
            case Conversion():
                return self._over(
                    ask,
                    self._starts(compute.start, compute.of, ask),
                    lambda rows: (sum(self._end(row, compute) is not None for row in rows), len(rows)),
                )
            case TimeBetween():
                return self._times(compute, ask)
            case Retention():
                return self._over(
                    ask,
                    self._starts(self._cohort(compute), "person", ask),
                    lambda rows: (sum(self._is_retained(row, compute) for row in rows), len(rows)),
                )
            case Sessions():
                return self._sessions(compute, ask)
            case UsageInterval():
                return self._intervals(ask)
        raise TypeError(compute)

    def segment(self, row: Row, dimension: str) -> str | None:
        if dimension.startswith("property."):
            return text(row.message.properties.get(dimension.removeprefix("property.")))
        known = (dimension, row.who, row.account)
        if known not in self._segments:
            self._segments[known] = self._segment(row, dimension)
        return self._segments[known]

    def _segment(self, row: Row, dimension: str) -> str | None:
        if dimension == "account":
            return row.account if row.account[1] != ":" else None
        if dimension == "channel":
            return next(channel_of(one.message) for one in self.rows if one.who == row.who and is_action(one))
        said: list[str | None] = []
        if dimension == "plan":
            said.append(
                self._latest(
                    lambda one: one.account == row.account and one.message.event.startswith("Subscription "),
                    lambda message: message.properties.get("plan"),
                )
            )
        if dimension in self._person_traits | {"plan", "country"}:
            said.append(
                self._latest(
                    lambda one: one.who == row.who and one.message.type == "identify",
                    lambda message: message.traits.get(dimension),
                )
            )
        if dimension in self._group_traits | {"plan", "country"}:
            said.append(
                self._latest(
                    lambda one: one.message.group_id == row.account and one.message.type == "group",
                    lambda message: message.traits.get(dimension),
                )
            )
        return next((value for value in said if value is not None), None)

    def _latest(self, is_one: Callable[[Row], bool], value: Callable[[Message], Any]) -> str | None:
        found = [text(value(row.message)) for row in self.rows if is_one(row)]
        return next((one for one in reversed(found) if one is not None), None)

    def _passes(self, row: Row, ask: Ask) -> bool:
        return all(self.segment(row, one.dimension) == one.value for one in ask.filters)

    def _told(self, source: EventSet, ask: Ask) -> list[Row]:
        return [row for row in self.rows if self.belongs(row, source) and self._passes(row, ask)]

    def _starts(self, source: EventSet, of: str, ask: Ask) -> list[Row]:
        firsts: dict[str, Row] = {}
        for row in self.rows:
            if self.belongs(row, source):
                firsts.setdefault(subject(row, of), row)
        return [row for row in firsts.values() if self._passes(row, ask)]

    def belongs(self, row: Row, source: EventSet) -> bool:
        message = row.message
        if source.active:
            return message.type in self._stream.active_types
        if message.type not in source.types or (source.events and message.event not in source.events):
            return False
        return all(holds(message.properties.get(one.property), one) for one in source.where)

    def _over(
        self, ask: Ask, rows: list[Row], numbers: Callable[[list[Row]], tuple[Any, Any]], keep_empty: bool = False
    ) -> Numbers:
        found: Numbers = defaultdict(dict)
        for bucket in ask.buckets:
            by_segment: dict[str | None, list[Row]] = defaultdict(list)
            for row in rows:
                if bucket.first <= row.day <= bucket.last:
                    by_segment[self._key(row, ask)].append(row)
            for segment, inside in by_segment.items():
                above, below = numbers(inside)
                if above is not None:
                    found[segment][bucket.first] = (Decimal(above), None if below is None else Decimal(below))
        return found

    def _key(self, row: Row, ask: Ask) -> str | None:
        if not ask.split:
            return WHOLE
        segment = self.segment(row, ask.split)
        return segment if ask.told is None or segment in ask.told else OTHERS

    def _amounts(self, compute: Sum | Mean, ask: Ask) -> Numbers:
        rows = [
            row
            for row in self._told(compute.source, ask)
            if number(row.message.properties.get(compute.property)) is not None
        ]

        def total(inside: list[Row]) -> tuple[Decimal, int | None]:
            amounts = [number(row.message.properties.get(compute.property)) or Decimal(0) for row in inside]
            return sum(amounts, Decimal(0)), None if isinstance(compute, Sum) else len(inside)

        return self._over(ask, rows, total)

    def _actives(self, compute: Actives, ask: Ask) -> Numbers:
        rows = self._told(compute.source, ask)
        found: Numbers = defaultdict(dict)
        for bucket in ask.buckets:
            first = bucket.last - timedelta(days=compute.window_days - 1)
            one = Ask([Bucket(first, bucket.last)], ask.filters, ask.split, ask.told)
            inside = self._over(one, rows, lambda rows: (len({subject(row, compute.of) for row in rows}), None))
            for segment, numbers in inside.items():
                found[segment][bucket.first] = numbers[first]
        return found

    def _end(self, start: Row, compute: Conversion | TimeBetween) -> int | None:
        within = compute.within_seconds if isinstance(compute, Conversion) else None
        for row in self.rows:
            if (
                self.belongs(row, compute.end)
                and subject(row, compute.of) == subject(start, compute.of)
                and row.at >= start.at
                and row.message.id != start.message.id
                and (within is None or row.at < start.at + within * 1000)
            ):
                return row.at
        return None

    def _paired_end(self, start: Row, compute: TimeBetween) -> int | None:
        value = text(start.message.properties.get(compute.pair_by))
        for row in self.rows:
            if (
                value is not None
                and self.belongs(row, compute.end)
                and text(row.message.properties.get(compute.pair_by)) == value
                and row.at >= start.at
                and row.message.id != start.message.id
            ):
                return row.at
        return None

    def _times(self, compute: TimeBetween, ask: Ask) -> Numbers:
        end = self._paired_end if compute.pair_by else self._end
        starts = self._told(compute.start, ask) if compute.pair_by else self._starts(compute.start, compute.of, ask)

        def taken(rows: list[Row]) -> tuple[Decimal | None, int | None]:
            times = [Decimal(at - row.at) for row in rows if (at := end(row, compute)) is not None]
            if not times:
                return None, None
            if compute.statistic == "mean":
                return sum(times, Decimal(0)) / 1000, len(times)
            return Decimal(median(times)) / 1000, None

        return self._over(ask, starts, taken)

    def _cohort(self, compute: Retention) -> EventSet:
        return compute.cohort if compute.cohort != EventSet() else EventSet(events=(self._stream.signup_event,))

    def _is_retained(self, start: Row, compute: Retention) -> bool:
        began = period(start.day, compute.period)
        ages = {
            period(row.day, compute.period) - began
            for row in self.rows
            if row.who == start.who and self.belongs(row, compute.activity)
        }
        return compute.after in ages if compute.mode == "on" else any(age >= compute.after for age in ages)

    def _sessions(self, compute: Sessions, ask: Ask) -> Numbers:
        by_person: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
        for row in self.rows:
            if is_action(row) and self._passes(row, ask):
                by_person[row.who, self._key(row, ask)].append(row)
        sessions: list[list[Row]] = []
        for rows in by_person.values():
            for before, row in zip([None, *rows], rows, strict=False):
                if before is None or row.at - before.at >= HALF_HOUR_MS:
                    sessions.append([])
                sessions[-1].append(row)
        by_first = {session[0].message.id: session for session in sessions}

        def numbers(firsts: list[Row]) -> tuple[Decimal, int | None]:
            inside = [by_first[row.message.id] for row in firsts]
            if compute.part == "count":
                return Decimal(len(inside)), None
            if compute.part == "per_person":
                return Decimal(len(inside)), len({row.who for row in firsts})
            if compute.part == "bounces":
                return Decimal(sum(len(session) == 1 for session in inside)), len(inside)
            return Decimal(sum(session[-1].at - session[0].at for session in inside)) / 1000, len(inside)

        return self._over(ask, [session[0] for session in sessions], numbers)

    def _intervals(self, ask: Ask) -> Numbers:
        days: dict[tuple[str | None, str], set[date]] = defaultdict(set)
        for row in self._told(EventSet(active=True), ask):
            days[self._key(row, ask), row.who].add(row.day)
        found: Numbers = defaultdict(dict)
        for bucket in ask.buckets:
            gaps: dict[str | None, list[int]] = defaultdict(list)
            for (segment, _), active in days.items():
                inside = sorted(day for day in active if timedelta(0) <= bucket.last - day < timedelta(days=90))
                gaps[segment] += [(after - before).days for before, after in pairwise(inside)]
            for segment, ones in gaps.items():
                if ones:
                    found[segment][bucket.first] = (Decimal(str(median(ones))), None)
        return found


def day_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(TIMEZONE)).date()


def subject(row: Row, of: str) -> str:
    return row.account if of == "account" else row.who


def period(day: date, kind: str) -> int:
    if kind == "month":
        return day.year * 12 + day.month
    return (day - date(1969, 12, 29)).days // 7 if kind == "week" else day.toordinal()


def is_action(row: Row) -> bool:
    return row.message.type in ("track", "page", "screen")


def channel_of(message: Message) -> str:
    campaign, referrer = message.context.get("campaign", {}), message.context.get("referrer", {})
    if said := message.properties.get("channel"):
        return str(said)
    if campaign.get("medium") == "cpc":
        return "paid_search"
    return str(campaign.get("source") or campaign.get("name") or referrer.get("type") or "direct")


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def holds(value: Any, condition: Any) -> bool:
    if condition.comparison in ("!=", "not in"):
        return not any(is_equal(value, one) for one in condition.values)
    if condition.comparison in ("=", "in"):
        return any(is_equal(value, one) for one in condition.values)
    bound = condition.values[0]
    left = text(value) if isinstance(bound, str) else number(value)
    right = bound if isinstance(bound, str) else Decimal(str(bound))
    if left is None:
        return False
    order = (left > right) - (left < right)  # type: ignore[operator]
    return {">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}[condition.comparison]


def is_equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, str | bool):
        return text(value) == text(wanted)
    return number(value) == Decimal(str(wanted))
