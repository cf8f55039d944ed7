"""A product that runs on the data folder, or a cluster, as other commands reach it: its API and its SQL interface.

Does not start one.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from northstream.failures import UserError
from northstream.folder import is_locked
from northstream.keys import with_kept_keys
from northstream.parts.server_warehouse import check_definitions, connect
from northstream.ports import reachable_host
from northstream.settings import Settings
from northstream.waiting import NotThere
from northstream.workspaces import load_named_workspace
from schemas.definitions import StreamDefinitions
from warehouse.client import LONG_PATIENCE, Warehouse, WarehouseUnavailable
from warehouse.workspace_facts import read_definitions_digest

_LOOK_SECONDS = 0.2
_ANSWER_SECONDS = 30.0
_PORT = "name the port that it runs on with --clickhouse-port"


class Api(NamedTuple):
    """Where the read API answers, and the key that opens it."""

    url: str
    secret_key: str


class Standing(NamedTuple):
    """Two equal ones without lag: nothing came between them. `messages` are those loaded."""

    lag_events: int
    messages: int


@dataclass(frozen=True, slots=True)
class RunningProduct:
    """Who has the secret key may ask both. `warehouse` waits long for statements that read everything."""

    url: str
    secret_key: str
    warehouse: Warehouse
    definitions: StreamDefinitions

    def wait_until_settled(self, patience_seconds: float) -> Standing:
        """The standing once everything sent is counted, or after the patience: traffic may never rest.

        Raises:
            UserError: nobody answers, or not to this key.
        """
        deadline = time.monotonic() + patience_seconds
        while (standing := self.standing()).lag_events > 0 and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return standing

    def standing(self) -> Standing:
        """What is counted now. Raises UserError."""
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        try:
            answer = httpx.get(f"{self.url}/api/quality", headers=headers, timeout=_ANSWER_SECONDS, trust_env=False)
        except httpx.HTTPError as error:
            raise UserError(
                f"nothing answers at {self.url} ({error}); name the port that it runs on with --port, "
                "the boards of a cluster with --boards-url"
            ) from error
        if answer.status_code == 503:
            return Standing(1, 0)
        if answer.status_code != 200:
            raise UserError(f"{self.url} answers {answer.status_code}; is that the northstream of this key?")
        quality: dict[str, Any] = answer.json()
        return Standing(int(quality["lag_events"]), int(quality["accepted"]) + int(quality["quarantined"]))


def find_running(settings: Settings) -> RunningProduct:
    """The cluster of the settings' warehouse; without one, the product on their data folder, by their ports.

    Raises:
        UserError: none runs there, it is not reached, or it counts by other definitions.
    """
    if settings.clickhouse_url:
        return _find_cluster(settings)
    _check_it_runs(settings)
    secret_key = with_kept_keys(settings).secret_key
    password = settings.clickhouse_password or secret_key
    sql_url = f"http://127.0.0.1:{settings.clickhouse_port}"
    user = settings.clickhouse_user
    definitions = load_named_workspace(settings).stream
    try:
        with closing(Warehouse.server(sql_url, user, password, size=1)) as warehouse:
            digest = read_definitions_digest(warehouse)
    except ClickHouseError as error:
        raise UserError(f"the SQL interface at {sql_url} refuses the key of {settings.data_dir}; {_PORT}") from error
    except WarehouseUnavailable as error:
        raise UserError(f"the SQL interface does not answer at {sql_url}; {_PORT}") from error
    if digest != definitions.digest:
        raise UserError(
            "the running northstream counts by another workspace; name the one that it uses with --workspace"
        )
    patient = Warehouse.server(sql_url, user, password, patience=LONG_PATIENCE)
    return RunningProduct(_url(settings), secret_key, patient, definitions)


def find_api(settings: Settings) -> Api:
    """The API of the cluster's boards; without a cluster, that of the product on the settings' data folder.

    Raises:
        UserError: none runs on that folder.
    """
    if not settings.clickhouse_url:
        _check_it_runs(settings)
    settings = with_kept_keys(settings)
    return Api(settings.boards_url or _url(settings), settings.secret_key)


def _check_it_runs(settings: Settings) -> None:
    if not is_locked(settings.data_dir):
        raise UserError(
            f"no northstream runs on {settings.data_dir}; start it with: northstream up"
            " (a demo keeps its data elsewhere: name it with --data-dir data/demo)"
        )


def _find_cluster(settings: Settings) -> RunningProduct:
    settings = with_kept_keys(settings)
    definitions = load_named_workspace(settings).stream
    try:
        with closing(connect(settings, size=1)) as warehouse:
            check_definitions(warehouse, definitions, settings)
    except (NotThere, WarehouseUnavailable) as error:
        raise UserError(f"the warehouse at {settings.clickhouse_url} cannot be asked: {error}") from error
    patient = connect(settings, patience=LONG_PATIENCE)
    return RunningProduct(settings.boards_url or _url(settings), settings.secret_key, patient, definitions)


def _url(settings: Settings) -> str:
    return f"http://{reachable_host(settings.host)}:{settings.port}"
