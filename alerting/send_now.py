"""One message to one receiver while somebody waits for it: a signed webhook, a few times if need be, or an e-mail.

Does not keep an outbox: what must outlive a restart goes through `alerting.deliver`.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from alerting.payload import instant, signed_headers, signing_key
from alerting.post import PostFailed, post
from alerting.targets import UnsafeTarget, resolve
from schemas.alerts import WebhookReceiver

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 10.0


class NotSent(Exception):
    """The receiver did not take the message; the sentence holds no secret."""


async def send_webhook(
    receiver: WebhookReceiver, kind: str, data: Mapping[str, Any], webhook_id: str, clock: Callable[[], int]
) -> None:
    """POST `{"type": kind, "timestamp", "data"}` with the headers of Standard Webhooks. `clock`: Unix ms.

    Raises:
        NotSent: not even after some attempts, each under the same id.
        ValueError: the receiver's secret is no key.
    """
    key = signing_key(receiver.secret)
    message = {"type": kind, "timestamp": instant(clock()), "data": data}
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    for attempt in range(ATTEMPTS):
        try:
            await _attempt(receiver, key, webhook_id, body, clock())
            return
        except NotSent:
            if attempt == ATTEMPTS - 1:
                raise
        await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt)


async def _attempt(receiver: WebhookReceiver, key: bytes, webhook_id: str, body: bytes, now_ms: int) -> None:
    try:
        target = await resolve(receiver.url, receiver.allow_private)
        answer = await post(target, signed_headers(key, webhook_id, now_ms, body), body, TIMEOUT_SECONDS)
    except (PostFailed, UnsafeTarget) as failure:
        raise NotSent(str(failure)) from None
    except OSError:
        raise NotSent("the host's name cannot be looked up") from None
    if not 200 <= answer.status < 300:
        raise NotSent(f"HTTP {answer.status}")
