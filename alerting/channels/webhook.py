"""The signed webhook: the message as it stands in the outbox, in one POST after Standard Webhooks.

Does not render anything.
"""

from alerting.channels.channel import Dead, Outcome, Retry
from alerting.channels.http import answered, asked
from alerting.outbox import Waiting
from alerting.payload import signed_headers, signing_key
from schemas.alerts import WebhookReceiver

_GONE = 410


class WebhookChannel:
    """Posts to one URL; 2xx is delivered, 410 is dead, all else is tried again."""

    def __init__(self, receiver: WebhookReceiver, timeout_seconds: float) -> None:
        self._receiver = receiver
        self._timeout_seconds = timeout_seconds

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        try:
            key = signing_key(self._receiver.secret)
        except ValueError as failure:
            return Retry(str(failure))
        headers = signed_headers(key, message.webhook_id, now_ms, message.body)
        url, allow_private = self._receiver.url, self._receiver.allow_private
        answer = await asked(url, allow_private, headers, message.body, self._timeout_seconds)
        if isinstance(answer, Retry):
            return answer
        if answer.status == _GONE:
            return Dead("HTTP 410: the receiver is gone")
        return answered(answer, now_ms)

    async def keep_alive(self) -> None:
        """Nothing is said but messages."""
