"""The checks of `northstream doctor` on a cluster: brokers, topics, warehouse, clocks, and the roles that answer.

Changes nothing, anywhere.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx

from northstream.check import Check
from northstream.clock import unix_ms
from northstream.cluster_roles import missing_servers
from northstream.failures import UserError
from northstream.keys import with_kept_keys
from northstream.parts.server_warehouse import check_definitions, connect, named_errors
from northstream.ports import reachable_host
from northstream.settings import Settings
from northstream.waiting import NotThere
from northstream.workspaces import load_named_workspace
from schemas.log import LogUnavailable
from schemas.topics import Topic
from stream.kafka.reading import KafkaLogReader
from stream.kafka.topics import TopicsMissing, TopicsWrong, check_topics
from warehouse.client import Warehouse, WarehouseUnavailable
from warehouse.guarantees import broken_guarantees
from warehouse.migrate import status

MOST_SKEW_MS = 1_000
"""Clocks may differ so much; `complete_through` compares moments of several machines."""

_ANSWER_SECONDS = 10.0

_LAG_SECONDS = 5.0
"""A lag that has not moved for so long stands still."""


def check_cluster(settings: Settings) -> Iterator[Check]:
    """Every check that the settings allow."""
    for sentence in missing_servers(settings):
        yield Check("problem", sentence)
    settings = with_kept_keys(settings)
    if settings.kafka:
        yield from _check_kafka(settings)
    if settings.clickhouse_url:
        yield from _check_warehouse(settings)
    yield from _check_roles(settings)


def _check_kafka(settings: Settings) -> Iterator[Check]:
    try:
        partitions = check_topics(settings.kafka, settings.kafka_prefix)
        with closing(KafkaLogReader(settings.kafka, settings.kafka_prefix)) as reader:
            records = sum(reader.end_offsets(Topic.EVENTS).values())
            collectors = len(reader.low_watermarks())
    except LogUnavailable as error:
        yield Check("problem", f"{error}; start it, or mend NORTHSTREAM_KAFKA")
    except (TopicsMissing, TopicsWrong) as error:
        yield Check("problem", str(error))
    else:
        yield Check("ok", f"Kafka answers at {settings.kafka}: topics of {partitions} partitions, {records} records")
        yield Check("ok", f"{collectors} collectors have been heard of in the last minutes")


def _check_warehouse(settings: Settings) -> Iterator[Check]:
    url = settings.clickhouse_url
    with closing(connect(settings, size=1)) as warehouse:
        try:
            with named_errors(settings):
                version, skew_ms = _version_and_skew(warehouse)
                yield Check("ok", f"the warehouse answers at {url}: ClickHouse {version}")
                yield _skew(skew_ms)
                yield from _check_tables(warehouse)
            yield from _check_workspace(warehouse, settings)
        except WarehouseUnavailable as error:
            reason = " ".join(str(error).split())[:200]
            yield Check("problem", f"the warehouse does not answer at {url} ({reason}); start it, or mend the address")
        except UserError as error:
            yield Check("problem", str(error))


def _version_and_skew(warehouse: Warehouse) -> tuple[str, int]:
    """Its version, and by how many milliseconds its clock goes before ours, at most half the way there off."""
    before = unix_ms()
    version, at_ms = warehouse.rows("SELECT version(), toUnixTimestamp64Milli(now64(3))")[0]
    return str(version), int(at_ms) - (before + unix_ms()) // 2


def _skew(skew_ms: int) -> Check:
    if abs(skew_ms) <= MOST_SKEW_MS:
        return Check("ok", "the clocks of this machine and the warehouse agree")
    return Check("problem", f"the warehouse's clock is {skew_ms / 1000:+.1f} s off this machine's; set both by NTP")


def _check_tables(warehouse: Warehouse) -> Iterator[Check]:
    states = status(warehouse)
    pending = [at for at in states if at.state == "pending"]
    if pending:
        yield Check("problem", f"the warehouse lacks {len(pending)} migrations; run northstream migrate")
        return
    for at in states:
        if at.state == "drifted":
            yield Check("problem", f"migration {at.number:04} ({at.name}) was changed after it was applied")
        elif at.state == "unknown":
            yield Check("warning", f"migration {at.number:04} ({at.name}) is of a newer release; upgrade this one")
    broken = broken_guarantees(warehouse)
    for sentence in broken:
        yield Check("problem", f"the warehouse could lose or double rows: {sentence}")
    if not broken:
        yield Check("ok", "all migrations are applied, and the warehouse keeps what our protocols rest on")


def _check_workspace(warehouse: Warehouse, settings: Settings) -> Iterator[Check]:
    try:
        check_definitions(warehouse, load_named_workspace(settings).stream, settings)
    except NotThere as error:
        yield Check("problem", str(error))
    else:
        yield Check("ok", "the warehouse counts by this workspace")


def _check_roles(settings: Settings) -> Iterator[Check]:
    """What answers on the port of collector or boards, and how far behind the boards say that everything is."""
    here = f"http://{reachable_host(settings.host)}:{settings.port}"
    yield from _check_ready(here, Check("ok", f"no collector or boards run at {here}; name another one with --port"))
    if settings.boards_url:
        absent = Check("problem", f"no boards answer at {settings.boards_url}; start them, or mend the address")
        yield from _check_ready(settings.boards_url, absent)
        yield from _check_lag(settings)


def _check_ready(url: str, absent: Check) -> Iterator[Check]:
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError:
        yield absent
        return
    if answer.status_code == 200:
        yield Check("ok", f"what runs at {url} is ready")
    else:
        yield Check("problem", f"what runs at {url} is not ready: {answer.text[:300]}")


def _check_lag(settings: Settings) -> Iterator[Check]:
    """A lag is no problem; one that stays as it is for some seconds is."""
    quality = _quality(settings)
    if isinstance(quality, dict) and quality["lag_events"]:
        time.sleep(_LAG_SECONDS)
        latest = _quality(settings)
        if isinstance(latest, dict) and _standing(latest) == _standing(quality):
            yield Check(
                "problem",
                f"{quality['lag_events']} events lag, and nobody counts or loads them: see whether a worker and a"
                " loader run, and what they say",
            )
            return
        quality = latest
    if isinstance(quality, dict):
        yield Check("ok", f"{quality['lag_events']} events lag; all is complete through {quality['complete_through']}")
    elif quality is not None:
        yield Check("problem", f"the boards answer {quality} to the secret key; is it theirs?")


def _standing(quality: dict[str, Any]) -> tuple[int, int, int]:
    return quality["lag_events"], quality["accepted"], quality["quarantined"]


def _quality(settings: Settings) -> dict[str, Any] | int | None:
    """What the boards say; the status if they refuse, None if they do not answer."""
    headers = {"Authorization": f"Bearer {settings.secret_key}"}
    try:
        answer = httpx.get(
            f"{settings.boards_url}/api/quality", headers=headers, timeout=_ANSWER_SECONDS, trust_env=False
        )
    except httpx.HTTPError:
        return None
    if answer.status_code != 200:
        return answer.status_code
    quality: dict[str, Any] = answer.json()
    return quality
