"""A Faust transport over Kafka that starts at our own offsets: `northstream-kafka://host:port`.

Does not know what a record is: see `stream.log.messages`. Importing it only registers the URL scheme.
"""

from typing import Any

from faust.transport import drivers
from faust.transport.drivers import aiokafka
from mode.threads import WorkerThread

from stream.log.own_offsets import OwnOffsets

KAFKA_SCHEME = "northstream-kafka"

STOP_SECONDS = 3.0
"""A consumer that is stopped in the middle of a rebalance waits for an answer of the loop that stops it."""


class _EndingThread(WorkerThread):  # type: ignore[misc]
    """Ends with its process, wherever it hangs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True


class KafkaConsumerThread(aiokafka.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's own, which is given up when it cannot be stopped: the group then goes on after the session."""

    shutdown_timeout = STOP_SECONDS
    Worker = _EndingThread


class KafkaConsumer(OwnOffsets, aiokafka.Consumer):  # type: ignore[misc]
    """Faust's own, whose group's offsets are only a courtesy to lag tools."""

    def _new_consumer_thread(self) -> KafkaConsumerThread:
        return KafkaConsumerThread(self, loop=self.loop, beacon=self.beacon)


class Transport(aiokafka.Transport):  # type: ignore[misc]
    """The producer is Faust's own, which sends nothing: hand-offs are appended to the log directly."""

    Consumer = KafkaConsumer


drivers.TRANSPORTS.aliases[KAFKA_SCHEME] = f"{__name__}:Transport"


def kafka_broker(addresses: str) -> str:
    """What `create_app` takes for the brokers at `host:port,host:port,…`."""
    hosts = [address.strip() for address in addresses.split(",") if address.strip()]
    return ";".join(f"{KAFKA_SCHEME}://{host}" for host in hosts)
