"""What can go wrong between us and a warehouse, sorted by what the caller should do: wait, or mend the program.

Does not repeat anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError, StreamClosedError
from urllib3.exceptions import HTTPError

from schemas.checkpoints import StoreUnavailable
from schemas.reading import ReadingUnavailable

PASSING_CODES = frozenset(
    (
        3,  # UNEXPECTED_END_OF_FILE: the connection broke
        74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        76,  # CANNOT_OPEN_FILE
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        201,  # QUOTA_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED: the server shuts down
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        254,  # NO_ACTIVE_REPLICAS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        289,  # REPLICA_IS_NOT_IN_QUORUM
        319,  # UNKNOWN_STATUS_OF_INSERT
        341,  # UNFINISHED: a mutation, on another replica
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        517,  # CANNOT_ASSIGN_ALTER
        667,  # NOT_INITIALIZED
        722,  # ASYNC_LOAD_WAIT_FAILED
        735,  # QUERY_WAS_CANCELLED_BY_CLIENT
        999,  # KEEPER_EXCEPTION
    )
)
"""ClickHouse error codes that may pass by themselves; every other code is an error of ours."""

NOTHING_WRITTEN_CODE = 286
"""UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE: another insert into the table is under way, this one was turned away whole."""

UNREADABLE_CODES = frozenset((6, 25, 26, 27, 33, 38, 41, 53, 69, 72, 117, 130, 131, 321, 349))
"""ClickHouse error codes that speak of the lines of an insert, not of the warehouse."""


class WarehouseUnavailable(StoreUnavailable, ReadingUnavailable):
    """The warehouse does not answer now; what was being written may or may not be there."""


class UnreadableLines(Exception):
    """The warehouse cannot read some of the lines; none of them was inserted."""


@contextmanager
def named_errors(is_server: bool) -> Iterator[None]:
    """Turns the library's errors that may pass into WarehouseUnavailable."""
    try:
        yield
    except StreamClosedError:
        raise
    except ClickHouseError as error:
        if may_pass(error, is_server):
            raise WarehouseUnavailable(str(error)) from error
        raise
    except (OSError, HTTPError) as error:
        raise WarehouseUnavailable(str(error)) from error


def may_pass(error: ClickHouseError, is_server: bool) -> bool:
    """Whether the same call may succeed later.

    Without a code a server was not reached, or something that stands before it has answered in its place.
    """
    code = getattr(error, "code", None)
    if code is None:
        return isinstance(error, OperationalError) or (is_server and type(error) is DatabaseError)
    return code in PASSING_CODES


def speaks_of_lines(error: DatabaseError, is_server: bool) -> bool:
    """Whether an insert failed for its lines. The embedded engine loses the code if a line is not UTF-8."""
    if error.code is None:
        return not is_server and not isinstance(error, OperationalError)
    return error.code in UNREADABLE_CODES
