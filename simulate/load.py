"""Request bodies for benchmarks: track calls of about 610 bytes with 8 properties and a context.

Does not send them or measure anything. Ids are unique per `run`, so that no event is a copy of another.
"""

from collections.abc import Iterator
from random import Random

import orjson

from simulate.envelope import Message, iso

_EVENTS = ("Task Completed", "Feature Used", "Project Created", "Report Shared", "Pricing Viewed")


class Load:
    """An endless stream of different events; one identity in `users` acts, on a device of its own."""

    def __init__(self, run: str, users: int = 10_000, anonymous_share: float = 0.1) -> None:
        self._run = run
        self._users = users
        self._anonymous_share = anonymous_share
        self._random = Random(f"load/{run}")
        self._count = 0

    def event(self, at_ms: int) -> Message:
        """The next event, at an instant (Unix ms)."""
        random, number = self._random, self._count
        self._count += 1
        user = random.randrange(self._users)
        message: Message = {
            "type": "track",
            "messageId": f"load-{self._run}-{number:012d}",
            "timestamp": iso(at_ms),
            "anonymousId": f"dev-{self._run}-{user:08d}",
            "event": _EVENTS[number % len(_EVENTS)],
            "properties": {
                "feature": "timeline",
                "project_id": f"project-{random.randrange(100_000):06d}",
                "task_id": f"task-{number:09d}",
                "duration_ms": random.randrange(30_000),
                "position": random.randrange(50),
                "is_first": number % 7 == 0,
                "view": "board",
                "ratio": round(random.random(), 4),
            },
            "context": {
                "ip": "203.0.113.7",
                "locale": "fr-FR",
                "library": {"name": "analytics.js", "version": "1.84.3"},
                "page": {"path": "/app/tasks", "url": "https://northwind.example/app/tasks"},
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
            },
        }
        if random.random() >= self._anonymous_share:
            message["userId"] = f"usr-{self._run}-{user:08d}"
        return message

    def singles(self, count: int, at_ms: int) -> Iterator[bytes]:
        """Bodies for `POST /v1/track`."""
        for _ in range(count):
            yield orjson.dumps(self.event(at_ms))

    def batches(self, count: int, size: int, at_ms: int) -> Iterator[bytes]:
        """Bodies for `POST /v1/batch` with `size` events each."""
        for _ in range(count):
            yield orjson.dumps({"batch": [self.event(at_ms) for _ in range(size)]})
