"""The one gate through which a Faust consumer starts at our own offsets instead of the broker's.

Does not know where the offsets come from: see `stream.app`. Works on any driver's consumer.
"""

import asyncio
from typing import Any

from faust.transport.consumer import ensure_TPset


class TakingTooLong(RuntimeError):
    """The state of the assigned partitions could not be loaded in time; a new process tries again."""


class OwnOffsets:
    """Mixed into a consumer, before its driver's class: every seek to committed offsets goes on to the app's own.

    Faust calls `perform_seek` between the assignment and the first record, often twice; hooks run beside it and
    come too early or too late. An error, or a load that takes too long, crashes the app: Faust itself would go on
    idle for ever.
    """

    app: Any

    async def perform_seek(self) -> None:
        """Load the state of the assigned partitions and seek to where it stands."""
        try:
            await asyncio.wait_for(self._seek_own(), self.app.load_timeout_seconds)
        except TimeoutError:
            await self.app.crash(
                TakingTooLong(
                    f"partitions were not taken within {self.app.load_timeout_seconds:.0f} s: the warehouse is away or"
                    " slow, or holds more people than can be loaded in that time (then raise TAKE_SECONDS)"
                )
            )
        except Exception as error:
            await self.app.crash(error)

    async def _seek_own(self) -> None:
        consumer: Any = self
        await super().perform_seek()  # type: ignore[misc]
        assigned = ensure_TPset(consumer.assignment())
        own = await self.app.load_offsets(assigned, self.app.consumer_generation_id)
        own = {tp: offset for tp, offset in own.items() if tp in consumer.assignment()}
        if own:
            await consumer.seek_wait(own)
            # Faust would never commit again if the broker's offset lay behind ours.
            consumer._committed_offset.update({tp: offset or None for tp, offset in own.items()})
