"""`northstream migrate`: makes what a cluster stands on (topics, tables, users, workspace facts), or checks it.

May run again and again, and beside roles that run.
"""

from northstream.cluster_roles import missing_servers
from northstream.failures import UserError
from northstream.folder import prepare_folder
from northstream.keys import with_keys
from northstream.logs import configure_logs
from northstream.parts.server_warehouse import connect, named_errors
from northstream.settings import Settings
from northstream.waiting import PASSING, wait_at_most
from northstream.workspaces import load_named_workspace
from schemas.definitions import StreamDefinitions
from stream.kafka.topics import TooFewBrokers, TopicsWrong, declare_topics
from warehouse.client import LONG_PATIENCE, Warehouse
from warehouse.counted_log import CountedLog, OtherLog, bind_log
from warehouse.guarantees import check_guarantees
from warehouse.migrate import MigrationError, migrate
from warehouse.users import Login, Prepared, UsersWrong, prepare_server
from warehouse.workspace_facts import write_workspace_facts

WAIT_SECONDS = 60.0
"""How long servers may take to come up."""

_HOUR_MS = 3_600_000


def run_migrate(settings: Settings) -> None:
    """Print what was made.

    Raises:
        UserError: the user must mend something, or a server has not come up in time.
    """
    configure_logs("migrate", settings.log_level)
    problems = missing_servers(settings)
    if problems:
        raise UserError("\n".join(problems))
    definitions = load_named_workspace(settings).stream
    if not (settings.clickhouse_password or settings.secret_key):
        prepare_folder(settings.data_dir)
        settings = with_keys(settings)
    try:
        wait_at_most(WAIT_SECONDS, lambda: _make_topics(settings), _say_waiting)
        wait_at_most(WAIT_SECONDS, lambda: _make_tables(settings, definitions), _say_waiting)
    except TooFewBrokers as error:
        raise UserError(
            f"{error}; waited {WAIT_SECONDS:.0f} s: start the other brokers, or ask for fewer copies with "
            "NORTHSTREAM_KAFKA_REPLICATION"
        ) from error
    except PASSING as error:
        raise UserError(f"{error}; waited {WAIT_SECONDS:.0f} s for it") from error


def _say_waiting(sentence: str) -> None:
    print(f"waiting: {sentence}", flush=True)


def _make_topics(settings: Settings) -> None:
    try:
        made = declare_topics(
            settings.kafka,
            settings.kafka_prefix,
            settings.partitions,
            settings.kafka_replication,
            settings.kafka_retention_hours * _HOUR_MS,
        )
    except TopicsWrong as error:
        raise UserError(str(error)) from error
    for name in made:
        print(f"made the topic {name}")
    if not made:
        print(f"the topics {settings.kafka_prefix}* are there", flush=True)


def _make_tables(settings: Settings, definitions: StreamDefinitions) -> None:
    # A migration may carry over everything that was ever loaded.
    warehouse = connect(settings, patience=LONG_PATIENCE)
    try:
        with named_errors(settings):
            applied = _migrated(warehouse)
            _bind(warehouse, CountedLog(settings.kafka_prefix, settings.partitions))
            write_workspace_facts(warehouse, definitions)
            check_guarantees(warehouse)
            _make_reader(warehouse, settings)
    finally:
        warehouse.close()
    for name in applied:
        print(f"applied the migration {name}")
    if not applied:
        print("the tables are there")
    print("the warehouse follows this workspace", flush=True)


def _bind(warehouse: Warehouse, log: CountedLog) -> None:
    try:
        bind_log(warehouse, log)
    except OtherLog as error:
        raise UserError(str(error)) from error


def _make_reader(warehouse: Warehouse, settings: Settings) -> None:
    reader = Login(settings.clickhouse_reader, settings.clickhouse_reader_password)
    try:
        prepared = prepare_server(warehouse, reader)
    except UsersWrong as error:
        raise UserError(str(error)) from error
    if prepared is Prepared.DONE:
        print(f"the user {reader.name} may read")
    elif prepared is Prepared.NOT_ALLOWED:
        print(f"{settings.clickhouse_user} may not make users: whoever runs the server makes {reader.name}")


def _migrated(warehouse: Warehouse) -> list[str]:
    try:
        return [f"{migration.number:04} {migration.name}" for migration in migrate(warehouse)]
    except MigrationError as error:
        raise UserError(f"the warehouse does not fit this release: {error}") from error
