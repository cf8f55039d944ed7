"""A Faust transport over Kafka that starts at our own offsets: `northstream-kafka://host:port`.

Does not know what a record is: see `stream.log.messages`. Importing it only registers the URL scheme.
"""

from faust.transport import drivers
from faust.transport.drivers import aiokafka

from stream.log.own_offsets import OwnOffsets

KAFKA_SCHEME = "northstream-kafka"


class KafkaConsumer(OwnOffsets, aiokafka.Consumer):  # type: ignore[misc]
    """Faust's own consumer, whose group's offsets are only a courtesy to lag tools."""


class Transport(aiokafka.Transport):  # type: ignore[misc]
    """The producer is Faust's own, which sends nothing: hand-offs are appended to the log directly."""

    Consumer = KafkaConsumer


drivers.TRANSPORTS.aliases[KAFKA_SCHEME] = f"{__name__}:Transport"


def kafka_broker(addresses: str) -> str:
    """What `create_app` takes for the brokers at `host:port,host:port,…`."""
    hosts = [address.strip() for address in addresses.split(",") if address.strip()]
    return ";".join(f"{KAFKA_SCHEME}://{host}" for host in hosts)
