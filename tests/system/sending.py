"""Senders: threads that post messages over raw HTTP connections and note what was answered.

Does not judge the answers: see the tests.
"""

import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Any

Message = dict[str, Any]

Compose = Callable[[Mapping[str, str]], Sequence[Message]]
"""Makes the messages of one request; gets the ids that are kept already."""

_ANSWER_SECONDS = 100.0
_PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class Journal:
    """What one sender did. `sent`: every message in the order of sending.

    `kept`: by id of what got a 200, the earliest `timestamp` that did. `answers`: how often each status came; 0
    stands for no answer.
    """

    sent: list[Message] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    refusals_without_retry_after: int = 0
    surprises: list[str] = field(default_factory=list)


class Sender(threading.Thread):
    """Posts what `compose` makes until told to stop. What got no 200 is sent again, or given up now and then."""

    def __init__(self, port: int, key: str, compose: Compose, seed: int, pause_seconds: float = 0.02) -> None:
        super().__init__(name=f"sender-{seed}", daemon=True)
        self.journal = Journal()
        self._port = port
        self._key = key
        self._compose = compose
        self._random = Random(seed)
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()
        self._connection: HTTPConnection | None = None

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            self.deliver(self._compose(self.journal.kept))
            self._stopping.wait(self._random.uniform(0, 2 * self._pause_seconds))
        self._hang_up()

    def deliver(self, messages: Sequence[Message]) -> None:
        """Send until answered 200; one undertaking in four is given up at the first failure."""
        gives_up = self._random.random() < 0.25
        self.journal.sent += messages
        while True:
            status = self._post(messages)
            self.journal.answers[status] = self.journal.answers.get(status, 0) + 1
            if status == 200:
                self._keep(messages)
                return
            if gives_up or self._stopping.is_set():
                return
            time.sleep(_PAUSE_SECONDS)

    def _keep(self, messages: Sequence[Message]) -> None:
        kept = self.journal.kept
        for message in messages:
            message_id, timestamp = message["messageId"], message["timestamp"]
            kept[message_id] = min(kept.get(message_id, timestamp), timestamp)

    def _post(self, messages: Sequence[Message]) -> int:
        """The status; 0 if the connection broke before a whole answer was there."""
        is_single = len(messages) == 1 and self._random.random() < 0.7
        path = f"/v1/{messages[0]['type']}" if is_single else "/v1/batch"
        body = json.dumps(messages[0] if is_single else {"batch": list(messages)}).encode()
        headers = {"Authorization": "Basic " + b64encode(f"{self._key}:".encode()).decode()}
        try:
            connection = self._connected()
            connection.request("POST", path, body, headers | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self._hang_up()
            return 0
        self._examine(answer.status, answer.getheader("Retry-After"), content, len(messages))
        return answer.status

    def _examine(self, status: int, retry_after: str | None, content: bytes, count: int) -> None:
        if status == 200:
            reply = json.loads(content)
            if reply["accepted"] != count or reply["quarantined"]:
                self.journal.surprises.append(content.decode()[:500])
        elif status == 503:
            self.journal.refusals_without_retry_after += not (retry_after or "").isdigit()
        else:
            self.journal.surprises.append(f"{status} {content.decode()[:500]}")

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def running_senders(senders: Sequence[Sender]) -> Iterator[Sequence[Sender]]:
    """Start all; however the block ends, none of them begins anything new afterwards."""
    for sender in senders:
        sender.start()
    try:
        yield senders
    finally:
        for sender in senders:
            sender.stop()


def stop_all(senders: Sequence[Sender]) -> list[Journal]:
    """End all senders; what they did."""
    for sender in senders:
        sender.stop()
    for sender in senders:
        sender.join(2 * _ANSWER_SECONDS)
        assert not sender.is_alive(), f"{sender.name} still waits for an answer"
    return [sender.journal for sender in senders]
