"""A Faust transport over the embedded log: `northstream-local://`.

Does not read records itself: see `stream.log.consumer`. Importing it only registers the URL scheme.
"""

from dataclasses import dataclass

from faust.transport import base, drivers

from schemas.log import LogReader
from schemas.topics import Topic
from stream.log.consumer import LocalConsumer
from stream.log.offsets import CommittedOffsets
from stream.log.wakeup import Doorbell

LOCAL_SCHEME = "northstream-local"
LOCAL_BROKER = f"{LOCAL_SCHEME}://"


@dataclass(frozen=True, slots=True)
class LocalTopics:
    """What the transport reads, handed to the app as `app.local_topics`. `appended` rings after appends to either."""

    events: LogReader
    handoffs: LogReader
    offsets: CommittedOffsets
    appended: Doorbell

    def reader(self, topic: str) -> LogReader:
        return self.handoffs if topic == Topic.HANDOFFS else self.events


class Transport(base.Transport):  # type: ignore[misc]
    """The producer is Faust's own, which sends nothing: hand-offs are appended to the log directly."""

    Consumer = LocalConsumer
    driver_version = "northstream-local"


drivers.TRANSPORTS.aliases[LOCAL_SCHEME] = f"{__name__}:Transport"
