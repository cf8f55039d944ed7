"""One request of messages: authenticate, decode, sort, wait for the durable append, answer.

Does not know about HTTP routing or CORS: see `ingest.app` and `ingest.replies`.
"""

import logging
from typing import Any

from ingest.arrival import arrival_of, check_copies
from ingest.auth import Grant, KeyRing, key_in_query
from ingest.body import Receive, inflate, read_wire
from ingest.limits import Limits
from ingest.messages import Messages, read_batch, read_single
from ingest.packer import Packer
from ingest.rejections import Reason, Rejection
from ingest.routes import BATCH
from ingest.sorting import Sorted, Sorter
from ingest.telemetry import Telemetry
from ingest.throttle import Throttle
from ingest.verdicts import all_stored, success
from schemas.log import LogUnavailable

_IDS_IN_A_LINE = 10

log = logging.getLogger(__name__)


class Intake:
    """Takes requests of messages; `answer` is their whole way."""

    def __init__(
        self, keys: KeyRing, sorter: Sorter, packer: Packer, throttle: Throttle, limits: Limits, telemetry: Telemetry
    ) -> None:
        self._keys = keys
        self._sorter = sorter
        self._packer = packer
        self._throttle = throttle
        self._limits = limits
        self._telemetry = telemetry

    async def answer(
        self, kind: str, authorization: bytes, declared_bytes: int, query: bytes, receive: Receive
    ) -> tuple[bytes, bool]:
        """The body of the 200 that says every message has its place in the log, and whether the request counts.

        `kind` is the route's type, `BATCH` on batch routes. Requests of the self-watch do not count.

        Raises:
            Rejection: nothing of the request was stored.
            Disconnected: the sender went away before the body was whole.
        """
        grant = self._keys.by_header(authorization) if authorization else None
        body = inflate(await read_wire(receive, declared_bytes, self._limits), self._limits)
        received_ms = self._packer.arrive()
        try:
            messages, grant = self._read(kind, body, grant, query)
            arrival = arrival_of(kind, messages, received_ms)
            check_copies(arrival, len(messages.messages), self._limits)
            out = self._sorter.sort(messages.messages, arrival, grant)
            try:
                durable = self._packer.submit(self._sorter.portions(out))
            except Rejection:
                self._sorter.failed(out)
                raise
        finally:
            self._packer.let_go()
        try:
            await durable
        except LogUnavailable as error:
            self._sorter.failed(out)
            raise Rejection(Reason.LOG_UNAVAILABLE, str(error), self._limits.retry_after_seconds) from None
        if grant.watches:
            return all_stored(len(messages.messages)), False
        self._sorter.appended(out)
        self._count(out, len(body))
        return _answer(kind, out), True

    def _read(self, kind: str, body: bytes, grant: Grant | None, query: bytes) -> tuple[Messages, Grant]:
        """The messages, and whose they are: a key in the header counts before one in the body or the query."""
        if kind and len(body) > self._limits.event_bytes:
            text = f"an event holds at most {self._limits.event_bytes} bytes"
            raise Rejection(Reason.EVENT_TOO_LARGE, text)
        messages = read_single(body, self._limits) if kind else read_batch(body, self._limits)
        if grant is None:
            grant = self._keys.by_key(messages.write_key or key_in_query(query))
        self._throttle.take(grant, len(messages.messages))
        return messages, grant

    def _count(self, out: Sorted, size: int) -> None:
        telemetry = self._telemetry
        telemetry.body_bytes += size
        telemetry.stored += len(out.stored)
        if out.quarantine:
            telemetry.quarantined += len(out.quarantine)
            ids = [row.message_id for row in out.quarantine[:_IDS_IN_A_LINE]]
            log.info("messages quarantined", extra={"messages": len(out.quarantine), "message_ids": ids})
        if out.links:
            telemetry.links.inc(len(out.links))


def _answer(kind: str, out: Sorted) -> bytes:
    if not (out.verdicts or out.minted):
        return all_stored(len(out.stored))
    minted: dict[str, Any] = {}
    if out.minted and kind == BATCH:
        minted = {"minted": [{"index": index, "message_id": message_id} for index, message_id in out.minted]}
    elif out.minted:
        minted = {"message_id": out.minted[0][1]}
    events = [event for _, event in sorted(out.verdicts.items())]
    return success(len(out.stored), len(out.quarantine), events, minted)
