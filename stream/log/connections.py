"""SQLite connections of the embedded log: how they are set up, and a pool of readers.

Does not know the tables.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from schemas.log import LogUnavailable

PAGE_BYTES = 4096
BUSY_MS = 5_000


def open_writer(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return (WAL, `synchronous=FULL`)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-16384")
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; SQLite itself may still tidy the WAL through it, as every last reader does."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    connection.execute("PRAGMA query_only=ON")
    return connection


class ReaderPool:
    """Lends each borrower a connection of its own, so that readers in several threads do not wait for each other.

    A file that was replaced under its name (a log that was salvaged) is opened again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._inode = -1
        self._closed = False

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """A reading connection.

        Raises:
            LogUnavailable: there is no file yet, it cannot be read now, or the pool is closed.
        """
        try:
            connection, inode = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection, inode)
        except (sqlite3.Error, OSError) as error:
            raise LogUnavailable(f"{self._path}: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop_idle()

    def _take(self) -> tuple[sqlite3.Connection, int]:
        inode = os.stat(self._path).st_ino
        with self._lock:
            if self._closed:
                raise LogUnavailable(f"{self._path}: closed")
            if inode != self._inode:
                self._drop_idle()
                self._inode = inode
            if self._idle:
                return self._idle.pop(), inode
        return open_reader(self._path), inode

    def _give_back(self, connection: sqlite3.Connection, inode: int) -> None:
        with self._lock:
            if not self._closed and inode == self._inode:
                self._idle.append(connection)
                return
        connection.close()

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()
