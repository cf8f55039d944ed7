"""Finds what has changed in the warehouse since the last look: first days by event, by person, by fact.

Cheap while nothing has. Does not know who needs what: see `metrics.needs`.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from metrics.needs import Needs

# Insertions raise the counts, merges lower them; should both cancel out, the stream has still published anew.
_MARK = """
SELECT 'messages' AS what, toUInt64(count()) AS stand, now64(3, 'UTC') AS at FROM northstream.metric_events
UNION ALL SELECT 'united', count(), now64(3, 'UTC') FROM northstream.overrides
UNION ALL SELECT 'facts', count(), now64(3, 'UTC') FROM northstream.facts
UNION ALL SELECT 'counted', sum(version), now64(3, 'UTC') FROM northstream.counter_heads
SETTINGS max_threads = 1
"""

_LOADED = """
SELECT type, event, toDate(occurred_at, {timezone:String}) AS day, count(), max(loaded_at), argMax(message, loaded_at)
FROM northstream.metric_events WHERE loaded_at >= {since:DateTime64(3, 'UTC')}
GROUP BY type, event, day
SETTINGS max_threads = 1
"""

_UNITED = """
SELECT person_id, max(noted_at) FROM northstream.overrides
WHERE noted_at >= {since:DateTime64(3, 'UTC')} GROUP BY person_id
SETTINGS max_threads = 1
"""

_FIRST_DAY_OF_UNITED = """
SELECT count(), min(toDate(occurred_at, {timezone:String})) FROM northstream.metric_events
WHERE person IN (
    SELECT sipHash64(person_id) FROM northstream.overrides WHERE noted_at >= {since:DateTime64(3, 'UTC')}
)
SETTINGS max_threads = 1
"""

_FACTS = """
SELECT fact, count(), max(uploaded_at), min(day) FROM northstream.facts GROUP BY fact
SETTINGS max_threads = 1
"""

_HISTORY = """
SELECT count(), min(toDate(occurred_at, {timezone:String})) FROM northstream.metric_events
SETTINGS max_threads = 1
"""

_OVERLAP = timedelta(seconds=60)
"""Rows are stamped when their insertion begins and seen when it ends."""

GROUP = "group"

ALL = date.min


class Query(Protocol):
    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changed: `reason` as restatements name it, and the message (its hash) or person that did it."""

    reason: str
    message: int = 0
    person: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """First changed days. `messages` by (type, event); `people`: of persons that were united; `facts` by name.

    Nothing in them: only what the stream publishes has changed. `occurred`: the first day on which any of the messages
    happened, also where one of them (of an account) changes all days.
    """

    messages: Mapping[tuple[str, str], tuple[date, Cause]] = field(default_factory=dict)
    people: tuple[date, Cause] | None = None
    facts: Mapping[str, date] = field(default_factory=dict)
    occurred: date | None = None

    def first_for(self, needs: Needs) -> tuple[date, Cause] | None:
        """From which day on data that is needed has changed, and why; None: none of it has."""
        found = [changed for (type_, event), changed in self.messages.items() if _touches(needs, type_, event)]
        if needs.people and self.people is not None:
            # Who is united may have had events for long that belong to another account now.
            day, cause = self.people
            found.append((ALL if needs.accounts else day, cause))
        found += [(day, Cause("facts")) for fact, day in self.facts.items() if needs.everything or fact in needs.facts]
        return min(found, key=lambda one: one[0]) if found else None

    @property
    def first(self) -> date | None:
        """The first changed day of all messages and people."""
        days = [day for day, _ in self.messages.values()]
        return min([*days, *([self.people[0]] if self.people else [])], default=None)


def _touches(needs: Needs, type_: str, event: str) -> bool:
    if needs.everything or (type_ == GROUP and needs.accounts):
        return True
    if type_ == "track":
        return needs.events is None or event in needs.events
    return type_ in needs.types


Mark = tuple[Hashable, ...]


class ChangeFinder:
    """Remembers what it has seen; one caller at a time."""

    def __init__(self, query: Query, timezone: str) -> None:
        self._query = query
        self._timezone = timezone
        self._facts: dict[str, tuple[int, datetime]] = {}
        self._since: datetime | None = None
        self._seen: dict[Hashable, Hashable] = {}
        self._mark: Mark | None = None
        self._at: datetime | None = None

    def history(self) -> date | None:
        """The first day with a message or fact; reads all of their times."""
        count, first = self._query.rows(_HISTORY, {"timezone": self._timezone})[0]
        days = [row[3] for row in self._query.rows(_FACTS, {})]
        return min([*days, *([first] if count else [])], default=None)

    def look(self) -> Changes | None:
        """What has changed since the last look; None: nothing. The first look only remembers where all stands."""
        rows = self._query.rows(_MARK, {})
        at = min(row[2] for row in rows)
        mark = tuple(sorted((what, stand) for what, stand, _ in rows))
        if mark == self._mark:
            return None
        changes = self._find(at) if self._mark is not None else self._begin(at)
        # Only now: a look that fails is to be repeated.
        self._mark = mark
        self._at = at
        return changes

    def _begin(self, at: datetime) -> Changes:
        self._move(at)
        self._loaded()
        self._united()
        self._uploaded()
        return Changes()

    def _find(self, at: datetime) -> Changes:
        if self._since is None or (self._at is not None and self._at - self._since > 2 * _OVERLAP):
            self._move(self._at or at)
        messages, occurred = self._loaded()
        return Changes(messages, self._united(), self._uploaded(), occurred)

    def _move(self, at: datetime) -> None:
        """Look at what came shortly before `at` anew: once more than needed, but never once too little."""
        self._since = at - _OVERLAP
        self._seen = {}

    def _loaded(self) -> tuple[dict[tuple[str, str], tuple[date, Cause]], date | None]:
        """From which day on messages of each kind change something, and the first day on which any of them happened."""
        found: dict[tuple[str, str], tuple[date, Cause]] = {}
        occurred: date | None = None
        rows = self._query.rows(_LOADED, {"since": self._since, "timezone": self._timezone})
        for type_, event, day, count, latest, message in sorted(rows, key=lambda row: row[2]):
            if self._is_new((type_, event, day), (count, latest)):
                occurred = occurred or day
                found.setdefault((type_, event), (day, Cause("late event", message)))
                if type_ == GROUP:
                    # The account of everything that somebody ever did.
                    found[type_, event] = (ALL, Cause("account", message))
        return found, occurred

    def _united(self) -> tuple[date, Cause] | None:
        rows = self._query.rows(_UNITED, {"since": self._since})
        new = [person for person, latest in rows if self._is_new(person, latest)]
        if not new:
            return None
        count, first = self._query.rows(_FIRST_DAY_OF_UNITED, {"since": self._since, "timezone": self._timezone})[0]
        # Who has no message yet changes nothing until one comes.
        return (first, Cause("merge", person=new[0])) if count else None

    def _uploaded(self) -> dict[str, date]:
        """Facts are few: one that changed has changed from its first day on."""
        found = {}
        for fact, count, latest, first in self._query.rows(_FACTS, {}):
            if self._facts.get(fact) != (count, latest):
                self._facts[fact] = (count, latest)
                found[fact] = first
        return found

    def _is_new(self, key: Hashable, stand: Hashable) -> bool:
        if self._seen.get(key) == stand:
            return False
        self._seen[key] = stand
        return True
