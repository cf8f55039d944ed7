"""Goes on where another alerter ended, by what it wrote to the warehouse: open incidents, and messages that are owed.

Does not query. A message that nobody knows to be delivered is sent again under its id: a duplicate is better than a
loss. What this alerter's own file knows better, since its log rows did not arrive, stays.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from alerting.notice_store import Fate
from alerting.notices import News
from alerting.rule_states import Stored
from alerting.states import State, close
from alerting.store import AlertStore
from alerting.transition_rows import key_of, news_of, stored_of, transition_row

_DAY_MS = 86_400_000

LOOK_BACK_MS = 30 * _DAY_MS
"""Incidents of this time are counted against the noise budgets of their rules."""

OWED_MS = 3 * _DAY_MS
"""A message of an incident that is over and of which nobody has heard for so long was given up."""

_FATES: Sequence[tuple[str, Fate]] = (
    ("delivered", "told"),
    ("dead", "dead"),
    ("dropped", "dropped"),
    ("sent", "unknown"),
    ("held", "open"),
)
"""What the log says of a notice or its message, what counts more first: what was delivered was not dropped."""

Row = Mapping[str, Any]


class Predecessors(Protocol):
    """What alerters wrote to `alert_log`, as they wrote it. Every method may raise `ReadingUnavailable`."""

    def last_transitions(self) -> Sequence[Row]:
        """The newest of every rule."""
        ...

    def told(self, from_ms: int, alert_ids: Sequence[str]) -> Sequence[Row]:
        """Starts, ends and what became of their messages since then, or of these incidents; oldest first."""
        ...


def take_over(store: AlertStore, predecessors: Predecessors, public_url: str, now_ms: int) -> None:
    """Bring the file up to what the log knows; the same again changes nothing."""
    known = store.rules.all()
    logged = {key_of(row): stored_of(row) for row in predecessors.last_transitions()}
    states = {key: stored for key, stored in logged.items() if _is_newer(stored, known.get(key))}
    ids = {each.state.alert_id for each in (*known.values(), *states.values()) if each.state.is_open}
    rows = predecessors.told(now_ms - LOOK_BACK_MS, sorted(ids))
    _end_what_was_left(store, known, states, rows, public_url, now_ms)
    store.adopt(states, list(_incidents(rows, ids, public_url, now_ms)))


def _is_newer(logged: Stored, known: Stored | None) -> bool:
    """Files of the first release know no order but time."""
    return known is None or max(known.state.order, known.state.since_ms) < logged.state.order


def _end_what_was_left(
    store: AlertStore,
    known: Mapping[str, Stored],
    states: Mapping[str, Stored],
    rows: Sequence[Row],
    public_url: str,
    now_ms: int,
) -> None:
    """An incident that only this file knows, while another alerter went on with its rule, has no other end.

    Its row comes before the other's in the order of the rule's states: the other's is where the rule stands.
    """
    ended = {row["alert_id"] for row in rows if row["kind"] == "transition" and row["to_state"] == State.INACTIVE}
    for key in states.keys() & known.keys():
        left, state = known[key], known[key].state
        if not state.is_open or state.alert_id in ended or state.alert_id == states[key].state.alert_id:
            continue
        after, transition = close(state, "another alerter went on with this rule", now_ms)
        row = transition_row(left.definition, transition, None, now_ms) | {"order": states[key].state.order - 1}
        store.record(key, Stored(after, left.definition), [row], news_of(row, public_url))


def _incidents(
    rows: Sequence[Row], open_ids: set[str], public_url: str, now_ms: int
) -> Iterator[tuple[News, Mapping[str, Fate]]]:
    """In the order of states, so that a start comes before its end though a clock has stepped back between them."""
    fates = _fates(rows)
    transitions = [row for row in rows if row["kind"] == "transition"]
    for row in sorted(transitions, key=lambda row: row.get("order", row["at_ms"])):
        news = news_of(row, public_url)
        if news is not None:
            is_owed = news.alert_id in open_ids or news.at_ms >= now_ms - OWED_MS
            unknown: Fate = "unknown" if is_owed else "told"
            known = fates[news.alert_id, news.kind]
            yield news, {receiver: known.get(receiver, unknown) for receiver in {*news.receivers, *known}}


def _fates(rows: Sequence[Row]) -> Mapping[tuple[str, str], dict[str, Fate]]:
    """By incident and kind of news, then by receiver."""
    fates: dict[tuple[str, str], dict[str, Fate]] = defaultdict(dict)
    for status, fate in _FATES:
        for row in rows:
            if row["kind"] in ("delivery", "notice") and row.get("status") == status:
                kind = "resolved" if _tells_an_end(row) else "firing"
                fates[row["alert_id"], kind].setdefault(row["receiver"], fate)
    return fates


def _tells_an_end(row: Row) -> bool:
    """A group's message does not say so by its id."""
    said = row.get("message_type") or row["message"]
    return str(said).endswith("resolved")
