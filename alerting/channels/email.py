"""E-mail: a message in words, to all addresses of the receiver; who has it already is not written to again.

Does not speak SMTP: see `alerting.mail`.
"""

from alerting.channels.channel import Dead, Delivered, Outcome, Retry
from alerting.channels.places import place
from alerting.mail import Mail, MailFailed, send_mail
from alerting.outbox import Waiting
from alerting.words import words
from schemas.alerts import EmailReceiver

_TIMES_LONGER = 3.0
"""A mail server takes its time: it may look the sender up first."""

_FOR_GOOD = 500


class EmailChannel:
    """Writes through one SMTP server. Its `Message-ID` is the message's id, the same in every copy."""

    def __init__(self, receiver: EmailReceiver, timeout_seconds: float) -> None:
        self._receiver = receiver
        self._timeout_seconds = timeout_seconds * _TIMES_LONGER

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        to = [mailbox for mailbox in self._receiver.to if place(mailbox) not in message.done]
        if not to:
            return Delivered("everybody has it")
        said = words(message.body)
        mail = Mail(said.subject, said.text, said.html, message.webhook_id)
        try:
            await send_mail(self._receiver, mail, now_ms, self._timeout_seconds, to)
        except MailFailed as failure:
            return _outcome(message, to, failure)
        return Delivered("taken by the mail server")

    async def keep_alive(self) -> None:
        """Nothing is said but messages."""


def _outcome(message: Waiting, to: list[str], failure: MailFailed) -> Outcome:
    """Who is refused for good is not written to again; nobody left: the message is a dead letter."""
    if not failure.refused:
        return Retry(str(failure), done=message.done)
    if all(code >= _FOR_GOOD for code in failure.refused.values()):
        return Dead(str(failure))
    return Retry(str(failure), done=message.done | {place(each) for each in to if each not in failure.refused})
