"""Apprise: a message in words to each service of the receiver; a service that has it is not told again.

Does not load Apprise: `alerting.apprise_child` does, one process per service and attempt, killed when its time is over.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from alerting.channels.channel import Delivered, Outcome, Retry
from alerting.channels.places import place
from alerting.outbox import Waiting
from alerting.post import Answer
from alerting.threads import in_own_thread
from alerting.words import Words, words
from schemas.alerts import AppriseReceiver

_AT_ONCE = 4
"""Processes of one receiver; each takes half a second of a core."""

_TIMES_LONGER = 3.0
"""Some services are asked several times for one message."""

_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Of our environment. Proxies are not among them: they could lead anywhere."""


class AppriseChannel:
    """Tells all services at the same time, and tries again those that failed."""

    def __init__(self, receiver: AppriseReceiver, timeout_seconds: float) -> None:
        self._receiver = receiver
        self._timeout_seconds = timeout_seconds * _TIMES_LONGER
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        said = words(message.body)
        left = [url for url in self._receiver.urls if place(url) not in message.done]
        outcomes = await asyncio.gather(*(self._tell(url, said, now_ms) for url in left))
        failed = [each for each in outcomes if isinstance(each, Retry)]
        if not failed:
            return Delivered(f"taken by {len(self._receiver.urls)} of {len(self._receiver.urls)}")
        taken = {place(url) for url, each in zip(left, outcomes, strict=True) if not isinstance(each, Retry)}
        waits = [each.after_seconds for each in failed if each.after_seconds is not None]
        details = "; ".join(dict.fromkeys(each.detail for each in failed))
        count = f"{len(failed)} of {len(self._receiver.urls)}: " if len(self._receiver.urls) > 1 else ""
        return Retry(count + details, max(waits) if waits else None, message.done | taken)

    async def keep_alive(self) -> None:
        """Nothing is said but messages."""

    async def _tell(self, url: str, said: Words, now_ms: int) -> Delivered | Retry:
        async with self._at_once:
            return await tell(url, said, self._receiver.allow_private, self._timeout_seconds, now_ms)


async def tell(url: str, said: Words, allow_private: bool, seconds: float, now_ms: int) -> Delivered | Retry:
    """Tell one service, by its Apprise URL, within `seconds`."""
    asked = {
        "url": url,
        "title": said.subject,
        "text": said.text,
        "mood": said.mood,
        "allow_private": allow_private,
        "seconds": seconds,
    }
    answer = await _asked_of_child(asked, seconds)
    if answer is None:
        return Retry(f"the service was not done within {seconds:g} s, or Apprise broke")
    if answer["taken"]:
        return Delivered()
    return Retry(str(answer["detail"]), Answer(0, str(answer["retry_after"])).wait_seconds(now_ms))


class _Child:
    """One process and what it says; ended from outside when its time is over."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def talk(self, asked: bytes) -> bytes:
        """Start it, tell it, and take its answer; empty if it was ended. In a thread that lives as long as it does."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "alerting.apprise_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        if self._is_over:
            self._process.kill()
        return self._process.communicate(asked)[0]

    def end(self) -> None:
        self._is_over = True
        if self._process is not None:
            self._process.kill()


async def _asked_of_child(asked: Mapping[str, Any], seconds: float) -> dict[str, Any] | None:
    """Its answer; None if it had none in time."""
    child = _Child()
    try:
        async with asyncio.timeout(seconds):
            answer = await in_own_thread(child.talk, json.dumps(asked).encode())
    except TimeoutError:
        return None
    finally:
        child.end()
    return dict(json.loads(answer)) if answer else None


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    if "SSL_CERT_FILE" in kept:
        kept.setdefault("REQUESTS_CA_BUNDLE", kept["SSL_CERT_FILE"])
    return kept | {"no_proxy": "*", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
