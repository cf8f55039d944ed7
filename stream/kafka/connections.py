"""What every Kafka client of ours is set up with, and how a connection that fails fails soon.

Does not hold connections: each client has its own.
"""

import socket
from collections.abc import Callable
from struct import error as StructError
from typing import Any

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from schemas.log import LogUnavailable
from stream.kafka.client_logs import calm_client_logs

LIBRARY_ERRORS = (KafkaError, OSError, ValueError, AssertionError, RuntimeError, StructError)
"""What comes out of kafka-python when brokers go away or answer what it does not expect; any may pass by itself."""

REQUEST_TIMEOUT_MS = 5_000
BOOTSTRAP_TIMEOUT_MS = 5_000
_RECONNECT_BACKOFF_MAX_MS = 500
"""The libraries double their pause up to 30 s: a broker that is back would wait for us."""

_KNOCK_SECONDS = 1.0


def connect(kind: Callable[..., Any], brokers: str, **settings: Any) -> Any:
    """A client of kafka-python (its class is `kind`) that has reached a broker. `brokers` is `host:port,…`.

    Raises:
        LogUnavailable: none can be reached; said at once if all refuse, else within about 5 s.
    """
    calm_client_logs()
    addresses = [broker.strip() for broker in brokers.split(",")]
    _knock(addresses)
    inner: list[Any] = []

    def remembered(**config: Any) -> Any:
        inner.append(KafkaNetClient(**config))
        return inner[-1]

    try:
        return kind(
            bootstrap_servers=addresses,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS,
            reconnect_backoff_max_ms=_RECONNECT_BACKOFF_MAX_MS,
            kafka_client=remembered,
            **settings,
        )
    except LIBRARY_ERRORS as error:
        for client in inner:
            # The library leaves the thread of a client that could not be made running for ever.
            client.close()
            client._net.stop()
        raise LogUnavailable(f"Kafka at {brokers} does not answer: {error}") from error


def _knock(addresses: list[str]) -> None:
    """Raise LogUnavailable unless something listens; the libraries would try again until their time is up."""
    refusal = "no address"
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _KNOCK_SECONDS).close()
        except OSError as error:
            refusal = f"{address}: {error}"
        else:
            return
    raise LogUnavailable(f"Kafka cannot be reached: {refusal}")
