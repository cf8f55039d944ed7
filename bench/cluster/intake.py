"""A steady intake beside what is measured, as long as that takes.

Does not measure the collector.
"""

import asyncio
from threading import Event, Thread

from bench.collector import BATCH_EVENTS, bodies
from bench.paced import Paced, send_paced

_LONGEST_SECONDS = 600.0


class Intake:
    """`rate` events a second in batches while the block runs; `sent` tells afterwards what came of them."""

    def __init__(self, port: int, rate: int) -> None:
        self.sent = Paced()
        self._stop = Event()
        self._thread = Thread(target=self._send, args=(port, rate), name="intake")

    def __enter__(self) -> "Intake":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self, port: int, rate: int) -> None:
        made = bodies("intake", BATCH_EVENTS)
        sending = send_paced(port, made, BATCH_EVENTS, rate, _LONGEST_SECONDS, is_over=self._stop.is_set)
        self.sent = asyncio.run(sending)
