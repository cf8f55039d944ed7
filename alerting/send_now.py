"""One message to one receiver while somebody waits for it: a signed webhook, a few times if need be, or Apprise once.

Does not keep an outbox: what must outlive a restart goes through `alerting.deliver`.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from alerting.channels.channel import Delivered, Retry
from alerting.channels.http import answered, asked
from alerting.channels.through_apprise import tell
from alerting.payload import instant, signed_headers, signing_key
from alerting.words import Words
from schemas.alerts import AppriseReceiver, WebhookReceiver

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 10.0
APPRISE_SECONDS = 30.0


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


async def send_words(receiver: AppriseReceiver, said: Words, now_ms: int) -> None:
    """Tell every service of the receiver, all at the same time.

    Raises:
        NotSent: not all have it.
    """
    calls = [tell(url, said, receiver.allow_private, APPRISE_SECONDS, now_ms) for url in receiver.urls]
    failed = [each for each in await asyncio.gather(*calls) if isinstance(each, Retry)]
    if failed:
        details = "; ".join(dict.fromkeys(each.detail for each in failed))
        raise NotSent(f"{len(failed)} of {len(calls)} services do not have it: {details}")


async def _attempt(receiver: WebhookReceiver, key: bytes, webhook_id: str, body: bytes, now_ms: int) -> None:
    headers = signed_headers(key, webhook_id, now_ms, body)
    answer = await asked(receiver.url, receiver.allow_private, headers, body, TIMEOUT_SECONDS)
    outcome = answer if isinstance(answer, Retry) else answered(answer, now_ms)
    if not isinstance(outcome, Delivered):
        raise NotSent(outcome.detail)
