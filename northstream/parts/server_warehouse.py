"""Opens a warehouse that is a server, for roles; sorts what may be wrong with it: to be waited for, or to be mended.

Does not change it: `northstream migrate` does.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError

from northstream.failures import UserError
from northstream.settings import Settings
from northstream.waiting import NotThere
from schemas.definitions import StreamDefinitions
from warehouse.client import USUAL_PATIENCE, Patience, Warehouse
from warehouse.counted_log import CountedLog, OtherLog, check_log, counted_log
from warehouse.guarantees import GuaranteesBroken, check_guarantees
from warehouse.migrate import MigrationError, status
from warehouse.workspace_facts import read_definitions_digest

REFUSED_CODES = frozenset((192, 193, 194, 497, 516))
"""ClickHouse's codes for an unknown user, a wrong password and missing rights."""

log = logging.getLogger(__name__)


def open_warehouse(settings: Settings, size: int = 6) -> Warehouse:
    """The server with all its tables and everything that our protocols rest on.

    Raises:
        NotThere: tables are missing.
        WarehouseUnavailable: it does not answer.
        UserError: it refuses us, its tables were made otherwise, or it could lose or double rows.
    """
    warehouse = connect(settings, size)
    try:
        with named_errors(settings):
            _check_tables(warehouse)
            check_guarantees(warehouse)
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def connect(settings: Settings, size: int = 6, patience: Patience = USUAL_PATIENCE) -> Warehouse:
    """The server, whatever it holds; nothing is asked of it yet."""
    password = settings.clickhouse_password or settings.secret_key
    user, cluster = settings.clickhouse_user, settings.clickhouse_cluster
    return Warehouse.server(settings.clickhouse_url, user, password, size, cluster, patience)


def check_definitions(warehouse: Warehouse, definitions: StreamDefinitions, settings: Settings) -> None:
    """Refuse to count by another workspace than the views do.

    Raises:
        NotThere: no workspace has been written yet.
        WarehouseUnavailable: it does not answer.
        UserError: it is another one.
    """
    with named_errors(settings):
        digest = read_definitions_digest(warehouse)
    if not digest:
        raise NotThere("the warehouse knows no workspace yet; run `northstream migrate`")
    if digest != definitions.digest:
        raise UserError(
            "the warehouse counts by another workspace than this one; name the one in use with --workspace, "
            "or run `northstream migrate` with this one"
        )


def check_counted_log(warehouse: Warehouse, partitions: int, settings: Settings) -> None:
    """Refuse to read another log than the one that is counted in the warehouse, before anything is claimed in it.

    Raises:
        NotThere: no log has been named yet.
        WarehouseUnavailable: it does not answer.
        UserError: it is another one.
    """
    bound = counted_log(warehouse)
    if bound is None:
        raise NotThere("the warehouse knows no log yet; run `northstream migrate`")
    try:
        check_log(bound, CountedLog(settings.kafka_prefix, partitions))
    except OtherLog as error:
        raise UserError(str(error)) from error


@contextmanager
def named_errors(settings: Settings) -> Iterator[None]:
    """What the warehouse raises that somebody must mend, as a message for the user."""
    try:
        yield
    except GuaranteesBroken as error:
        raise UserError(f"the warehouse at {settings.clickhouse_url} cannot be used:\n{error}") from error
    except ClickHouseError as error:
        if getattr(error, "code", None) not in REFUSED_CODES:
            raise
        raise UserError(
            f"the warehouse at {settings.clickhouse_url} refuses the user {settings.clickhouse_user}; "
            "check NORTHSTREAM_CLICKHOUSE_USER and NORTHSTREAM_CLICKHOUSE_PASSWORD (unset: the secret key)"
        ) from error


def _check_tables(warehouse: Warehouse) -> None:
    """A rolling upgrade migrates first: tables of a newer release do no harm to a role of this one."""
    try:
        states = status(warehouse)
    except MigrationError as error:
        raise UserError(str(error)) from error
    missing = [at.number for at in states if at.state == "pending"]
    if missing:
        raise NotThere(f"the warehouse lacks {len(missing)} migrations; run `northstream migrate`")
    for at in states:
        if at.state == "drifted":
            raise UserError(f"migration {at.number:04} ({at.name}) of the warehouse was made by another release")
        if at.state == "unknown":
            log.warning("the warehouse was migrated by a newer release: %04d (%s)", at.number, at.name)
