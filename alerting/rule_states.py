"""Where each rule stood when its state last changed, kept over restarts.

Does not decide what a state is: see `alerting.states`.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerting.database import Database
from alerting.states import RuleState, State

_COLUMNS = "state, since_ms, value, alert_id, started_ms, start_value, cause, place"
"""In the order of `RuleState`; `place` is its `order`."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A rule's state with the definition (`alerting.payload.facts`) that it was last judged by."""

    state: RuleState
    definition: Mapping[str, Any]


class RuleStates:
    """The table `rule_states`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, Stored]:
        """The stored state of every rule, by its key."""
        rows = self._database.read(f"SELECT rule, {_COLUMNS}, definition FROM rule_states")
        return {
            rule: Stored(RuleState(State(state), *rest), json.loads(definition))
            for rule, state, *rest, definition in rows
        }

    def keep(self, connection: sqlite3.Connection, rule: str, stored: Stored) -> None:
        """Within the caller's transaction."""
        state = stored.state
        connection.execute(
            f"INSERT OR REPLACE INTO rule_states (rule, {_COLUMNS}, definition) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                rule,
                state.state,
                state.since_ms,
                state.value,
                state.alert_id,
                state.started_ms,
                state.start_value,
                state.cause,
                state.order,
                json.dumps(stored.definition),
            ),
        )
