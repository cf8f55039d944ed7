"""The SQLite file `alerts.db`: one connection, whole transactions, and its tables in the newest edition.

Does not know the tables (`alerting.store` names their editions). Any method may raise `sqlite3.OperationalError`, as
when the disk is full: nothing was changed then.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

Step = str | Callable[[sqlite3.Connection], None]
"""A statement, or what must be done in Python."""


class Database:
    """Opened once, by the process that runs the alerter; used from any thread."""

    def __init__(self, path: Path, editions: Sequence[Sequence[Step]]) -> None:
        """Open the file, made if need be, and bring it up to the newest edition, all or nothing.

        Raises:
            ValueError: a newer version of the product has written it.
        """
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._upgrade(editions)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._lock, closing(self._connection.execute(query, parameters)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done with the connection, or nothing. Inside, read through the connection, not by `read`."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite ends a transaction by itself on some errors (a full disk), on others it leaves it open.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _upgrade(self, editions: Sequence[Sequence[Step]]) -> None:
        with self.transaction() as connection:
            [edition] = connection.execute("PRAGMA user_version").fetchone()
            if edition > len(editions):
                raise ValueError(f"alerts.db is of edition {edition}: a newer version of NorthStream has written it")
            for step in (step for steps in editions[edition:] for step in steps):
                if isinstance(step, str):
                    connection.execute(step)
                else:
                    step(connection)
            connection.execute(f"PRAGMA user_version = {len(editions)}")
