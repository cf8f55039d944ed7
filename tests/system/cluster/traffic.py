"""Clients that send random histories to one or several collectors and write down what was answered.

Each request is sent again until it is answered 200, by any collector. Does not judge: see `expecting`.
"""

import json
import random
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from reference.histories import Batch, History

ANSWER_SECONDS = 60.0
PATIENCE_SECONDS = 180.0
"""How long a request may need to be answered 200 once everything runs again."""

_HISTORIES = 3
_LONGEST_PAUSE_SECONDS = 1.0
_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Attempt:
    """A body as it was posted, and when (Unix ms). `status` 0: the connection broke before a whole answer was there."""

    body: dict[str, Any]
    began_ms: int
    ended_ms: int
    status: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request that was answered 200, at its last attempt; the others may have been stored too."""

    attempts: list[Attempt]
    secret: bool
    accepted: int
    quarantined: int

    @property
    def seconds(self) -> float:
        return (self.attempts[-1].ended_ms - self.attempts[0].began_ms) / 1000


@dataclass(slots=True)
class Journal:
    """What one client did. `surprises`: answers that the contract does not know."""

    deliveries: list[Delivery] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)


class Client(threading.Thread):
    """One history after the other, several at a time, one request at a time; nobody else sends its ids.

    So that the order of its messages is the order in which they were answered.
    """

    def __init__(self, ports: Callable[[], Sequence[int]], keys: tuple[str, str], seed: int, pause_seconds: float):
        """`ports`: of the collectors there are now; `keys`: for writing, and the secret one."""
        super().__init__(name=f"client-{seed}", daemon=True)
        self.journal = Journal()
        self.idle = threading.Event()
        self._ports = ports
        self._keys = keys
        self._seed = seed
        self._random = random.Random(seed)
        self._pause_seconds = pause_seconds
        self._made = 0
        self._histories: list[History] = []
        self._may_send = threading.Event()
        self._stopping = threading.Event()
        self._connections: dict[int, HTTPConnection] = {}

    def resume(self) -> None:
        self.idle.clear()
        self._may_send.set()

    def pause(self) -> None:
        """Begin no further request; `idle` is set once the one under way is answered 200."""
        self._may_send.clear()

    def stop(self) -> None:
        self._stopping.set()
        self._may_send.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            if not self._may_send.is_set():
                self.idle.set()
                self._may_send.wait()
                continue
            self._deliver(self._next_batch())
            self._stopping.wait(self._random.uniform(0, 2 * self._pause_seconds))
        self.idle.set()
        for port in list(self._connections):
            self._hang_up(port)

    def _next_batch(self) -> Batch:
        """Of one of the histories; now and then one of them ends and another begins: a large one, or mostly a small."""
        if len(self._histories) < _HISTORIES or self._random.random() < 0.03:
            self._made += 1
            users, devices = self._random.choice(((24, 30), (4, 5), (4, 5)))
            prefix = f"{self._seed}.{self._made}."
            self._histories.append(
                History(self._random.getrandbits(32), _now_ms(), users=users, devices=devices, prefix=prefix)
            )
            self._histories = self._histories[-_HISTORIES:]
        return next(self._random.choice(self._histories).batches(1))

    def _deliver(self, batch: Batch) -> None:
        attempts: list[Attempt] = []
        while not self._stopping.is_set():
            port = self._random.choice(self._ports())
            began_ms = _now_ms()
            body, sent = batch.sent_at(began_ms)
            status, pause_seconds, reply = self._post(port, batch, body)
            attempts.append(Attempt(sent.body, began_ms, _now_ms(), status))
            self.journal.answers[status] += 1
            if status == 200:
                told = json.loads(reply)
                delivery = Delivery(attempts, batch.secret, told["accepted"], told["quarantined"])
                self.journal.deliveries.append(delivery)
                return
            self._stopping.wait(pause_seconds)

    def _post(self, port: int, batch: Batch, body: bytes) -> tuple[int, float, bytes]:
        """The status, the seconds to wait before the next attempt, the answer."""
        key = self._keys[batch.secret]
        headers = {
            "Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(),
            "Content-Type": "application/json",
        }
        try:
            connection = self._connections.setdefault(port, HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS))
            connection.request("POST", batch.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self._hang_up(port)
            return 0, _AGAIN_SECONDS, b""
        if answer.status == 200:
            return 200, 0.0, content
        retry_after = answer.getheader("Retry-After") or ""
        if answer.status != 503 or not retry_after.isdigit():
            self.journal.surprises.append(f"{answer.status}, Retry-After {retry_after!r}: {content[:500]!r}")
        return answer.status, min(float(retry_after or 1), _LONGEST_PAUSE_SECONDS), content

    def _hang_up(self, port: int) -> None:
        connection = self._connections.pop(port, None)
        if connection is not None:
            connection.close()


class Traffic:
    """All clients together; a context manager, after which none begins anything new."""

    def __init__(
        self,
        ports: Callable[[], Sequence[int]],
        keys: tuple[str, str],
        seed: int,
        clients: int = 4,
        pause_seconds: float = 0.03,
    ) -> None:
        self._clients = [Client(ports, keys, 100 * seed + number, pause_seconds) for number in range(clients)]

    def __enter__(self) -> "Traffic":
        for client in self._clients:
            client.start()
            client.resume()
        return self

    def __exit__(self, *error: object) -> None:
        for client in self._clients:
            client.stop()

    def pause(self) -> None:
        """Until every request that was begun is answered 200."""
        for client in self._clients:
            client.pause()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for client in self._clients:
            assert client.idle.wait(max(0.0, deadline - time.monotonic())), f"not answered 200: {self}"

    def resume(self) -> None:
        for client in self._clients:
            client.resume()

    def wait_for_more(self, requests: int = 20) -> None:
        """Until so many more requests are answered 200: whatever was broken before, load flows again."""
        wanted = len(self.deliveries) + requests
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.deliveries) < wanted:
            assert time.monotonic() < deadline, f"no load flows: {self}"
            time.sleep(0.1)

    @property
    def journals(self) -> list[Journal]:
        return [client.journal for client in self._clients]

    @property
    def deliveries(self) -> list[Delivery]:
        """All requests that were answered 200 so far; those of one client in their order."""
        return [delivery for journal in self.journals for delivery in list(journal.deliveries)]

    @property
    def answers(self) -> Counter[int]:
        """How often each status came; 0 stands for a broken connection."""
        return sum((Counter(journal.answers) for journal in self.journals), Counter())

    def __str__(self) -> str:
        return f"{len(self.deliveries)} requests answered 200; answers {dict(self.answers)}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
