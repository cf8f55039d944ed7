"""What people last asked of alerting, in `alerts.db`: it holds while the warehouse is away and over restarts.

Does not read the warehouse or act: see `alerting.controls`.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from alerting.database import Database
from schemas.alert_controls import Matcher, Silence
from schemas.notes import Stamp


class ControlStore:
    """The tables `controls` (silences) and `wishes_granted`; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.read("SELECT control FROM controls ORDER BY ends_ms, id")
        self._silences: Sequence[Silence] = tuple(_silence(json.loads(control)) for [control] in rows)

    def silences(self) -> Sequence[Silence]:
        """As last known; some may be over by now."""
        return self._silences

    def keep_silences(self, silences: Sequence[Silence]) -> None:
        """In place of those that were known."""
        if tuple(silences) == self._silences:
            return
        rows = [(each.stamp.id, json.dumps(asdict(each)), each.ends_ms) for each in silences]
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM controls")
            connection.executemany("INSERT INTO controls (id, control, ends_ms) VALUES (?, ?, ?)", rows)
        self._silences = tuple(silences)

    def is_granted(self, wish: str) -> bool:
        return bool(self._database.read("SELECT 1 FROM wishes_granted WHERE id = ?", (wish,)))

    def note_granted(self, connection: sqlite3.Connection, wish: str, now_ms: int) -> None:
        """Within the caller's transaction."""
        connection.execute("INSERT OR IGNORE INTO wishes_granted (id, at_ms) VALUES (?, ?)", (wish, now_ms))

    def prune(self, before_ms: int) -> None:
        """Forget wishes that were granted before an instant; whoever asks for wishes must ask for later ones only."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM wishes_granted WHERE at_ms < ?", (before_ms,))


def _silence(kept: dict[str, Any]) -> Silence:
    matchers = tuple(Matcher(**each) for each in kept["matchers"])
    return Silence(**{**kept, "stamp": Stamp(**kept["stamp"]), "matchers": matchers})
