"""The users of a ClickHouse server: one that writes, for our roles, and one that reads, for people and their tools.

Does not run on the embedded engine behind its HTTP face, which has these two users by itself.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clickhouse_connect.driver.exceptions import DatabaseError

from warehouse.client import DATABASE, Warehouse

READER_PROFILE = "northstream_reader_profile"

_READER_SETTINGS = (
    # 2: no statement changes anything but settings, which the usual tools do at every turn; they stay within bounds.
    "readonly = 2 CONST",
    "max_execution_time = 30 MIN 1 MAX 120",
    "max_memory_usage = 1000000000 MIN 1 MAX 1000000000",
    "max_memory_usage_for_user = 2000000000 CONST",
    "max_result_bytes = 256000000 MIN 1 MAX 256000000",
    "max_concurrent_queries_for_user = 16 CONST",
    "max_temporary_data_on_disk_size_for_user = 1000000000 CONST",
)
"""Seconds and bytes; 0 would mean no bound."""

_MAY_CREATE_USERS = "CHECK GRANT CREATE USER, ALTER USER, CREATE SETTINGS PROFILE, ALTER SETTINGS PROFILE ON *.*"
_DIRECTORIES = "SELECT count() FROM system.user_directories WHERE type != 'users_xml'"
_EXCESS = f"""
SELECT DISTINCT access_type FROM system.grants
WHERE user_name = {{name:String}} AND NOT is_partial_revoke
  AND (access_type != 'SELECT' OR database != '{DATABASE}')
ORDER BY access_type
"""
_ACCESS_DENIED = 497

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the server. Without a password it needs none, and may come from the server's own machine only."""

    name: str
    password: str = ""


class Prepared(StrEnum):
    """What came of it."""

    DONE = "done"
    OWN_USERS = "own users"
    """The server has its two users by itself: the embedded engine behind its HTTP face."""
    NOT_ALLOWED = "not allowed"
    """The user that we are connected as may not make users; whoever runs the server makes them."""


class UsersWrong(Exception):
    """The reader may do more than read; an operator must take it away."""


def prepare_server(warehouse: Warehouse, reader: Login, writer: Login | None = None) -> Prepared:
    """Make the users of a server, each statement so that it may run again; existing ones get these passwords.

    `writer` is left out if it is the user that we are connected as, or None.

    Raises:
        UsersWrong: see there.
        WarehouseUnavailable: try again.
    """
    if not _is_yes(warehouse, _MAY_CREATE_USERS):
        return _why_not(warehouse)
    for statement in reader_statements(reader):
        warehouse.define(statement)
    if writer is not None and writer.name != _own_name(warehouse):
        for statement in writer_statements(writer):
            warehouse.define(statement)
    excess = [kind for (kind,) in warehouse.rows(_EXCESS, {"name": reader.name})]
    if excess:
        raise UsersWrong(f"the user {reader.name} may do more than read {DATABASE}: {', '.join(excess)}")
    return Prepared.DONE


def reader_statements(reader: Login) -> Iterator[str]:
    """Reads our database and nothing else: no table functions, no files, no other servers; within limits."""
    settings = f"SETTINGS {', '.join(_READER_SETTINGS)}"
    yield f"CREATE SETTINGS PROFILE IF NOT EXISTS {READER_PROFILE} {settings}"
    yield f"ALTER SETTINGS PROFILE {READER_PROFILE} {settings}"
    yield from _user_statements(reader, f" SETTINGS PROFILE '{READER_PROFILE}'")
    yield f"GRANT SELECT ON {DATABASE}.* TO {_checked(reader.name)}"


def writer_statements(writer: Login) -> Iterator[str]:
    """Makes and fills our database, and looks at the server's own settings."""
    yield from _user_statements(writer, "")
    name = _checked(writer.name)
    yield f"GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE ON {DATABASE}.* TO {name}"
    yield f"GRANT SELECT ON system.* TO {name}"
    yield f"GRANT TABLE ENGINE ON * TO {name}"
    yield f"GRANT CLUSTER ON *.* TO {name}"


def _user_statements(login: Login, profile: str) -> Iterator[str]:
    proof = _proof(login)
    yield f"CREATE USER IF NOT EXISTS {_checked(login.name)} {proof}{profile}"
    yield f"ALTER USER {_checked(login.name)} {proof}{profile}"


def _proof(login: Login) -> str:
    """How the user shows who it is; the password itself does not travel."""
    if not login.password:
        return "IDENTIFIED WITH no_password HOST LOCAL"
    digest = hashlib.sha256(login.password.encode()).hexdigest()
    return f"IDENTIFIED WITH sha256_hash BY '{digest}' HOST ANY"


def _why_not(warehouse: Warehouse) -> Prepared:
    """Nowhere to keep a user is another thing than not being allowed to."""
    try:
        directories = warehouse.rows(_DIRECTORIES)[0][0]
    except DatabaseError as error:
        if error.code != _ACCESS_DENIED:
            raise
        return Prepared.NOT_ALLOWED
    return Prepared.NOT_ALLOWED if directories else Prepared.OWN_USERS


def _is_yes(warehouse: Warehouse, question: str) -> bool:
    return bool(warehouse.rows(question)[0][0])


def _own_name(warehouse: Warehouse) -> str:
    return str(warehouse.rows("SELECT currentUser()")[0][0])


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no name of a user: letters, digits and underscores")
    return name
