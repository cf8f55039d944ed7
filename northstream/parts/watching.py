"""The sender of the self-watch: every so often one event for each partition, over HTTP, as an app sends them.

Does not look where they come out: see `warehouse.watch`.
"""

import http.client
import json
import logging
import secrets
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlsplit

from northstream.clock import unix_ms
from northstream.keys import watch_key
from northstream.settings import Settings
from schemas.partitioning import device_partition

TIMEOUT_SECONDS = 5.0
"""How long a collector may take for its answer; it is asked again with the next event."""

_PATH = "/v1/batch"

log = logging.getLogger(__name__)


class NotAccepted(Exception):
    """The collector did not acknowledge them; the message says why."""


def watches(settings: Settings) -> bool:
    """Whether events of the self-watch are sent: under `up`, and in a cluster that says where its collectors are."""
    return settings.watch_every > 0 and bool(settings.collector_url or not settings.kafka)


def devices_of(partitions: int) -> list[str]:
    """For each partition a device that belongs to it."""
    found: dict[int, str] = {}
    numbers = count()
    while len(found) < partitions:
        device = f"northstream-watch-{next(numbers)}"
        found.setdefault(device_partition(device, partitions), device)
    return [found[partition] for partition in range(partitions)]


class WatchSender:
    """`run` in a thread of its own until `stop`. What a collector does not take is lost: the next ones are younger."""

    def __init__(self, settings: Settings, url: str, partitions: int) -> None:
        """`url` is that of a collector, or of what stands before several."""
        self._every_seconds = settings.watch_every
        self._url = urlsplit(url)
        self._key = watch_key(settings)
        self._devices = devices_of(partitions)
        self._stopping = threading.Event()

    def run(self) -> None:
        """The first events at once."""
        while not self._stopping.is_set():
            try:
                self.send()
            except (OSError, http.client.HTTPException, NotAccepted) as error:
                log.warning("the self-watch could not be sent: %s", error or type(error).__name__)
            self._stopping.wait(self._every_seconds)

    def stop(self) -> None:
        self._stopping.set()

    def send(self) -> None:
        """One event for each partition, acknowledged.

        Raises:
            OSError, HTTPException: no answer was had.
            NotAccepted: it was no 200.
        """
        connection = self._connect()
        try:
            headers = {
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
                "traceparent": _not_traced(),
            }
            connection.request("POST", self._url.path.rstrip("/") + _PATH, batch(self._devices, unix_ms()), headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise NotAccepted(_why(answer.status))
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)


def batch(devices: Sequence[str], now_ms: int) -> bytes:
    """A body for the collector: one event of each device, sent now."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")
    events = [
        {"type": "track", "event": "Self-Watch Sent", "anonymousId": device, "timestamp": moment} for device in devices
    ]
    return json.dumps({"batch": events, "sentAt": moment}).encode()


def _not_traced() -> str:
    """A parent (W3C trace context) that is not sampled, so that traces are of apps' requests."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def _why(status: int) -> str:
    if status == http.client.UNAUTHORIZED:
        return "the collector does not know its key (is NORTHSTREAM_SECRET_KEY the same for both?)"
    return f"the collector answered {status}"
