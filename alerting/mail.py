"""One e-mail through an SMTP server: text and HTML, encrypted before anything is said, to checked addresses only.

Does not retry, and does not write what it sends.
"""

import asyncio
import smtplib
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from alerting.targets import UnsafeTarget, checked_addresses
from schemas.alerts import EmailReceiver


class MailFailed(Exception):
    """The server did not take the message for all who should get it; the sentence holds no secret."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent. `message_id`: without brackets, the same for each copy of one message."""

    subject: str
    text: str
    html: str
    message_id: str


async def send_mail(receiver: EmailReceiver, mail: Mail, now_ms: int, timeout_seconds: float = 30.0) -> None:
    """Send to everyone of the receiver at once. `now_ms`: the moment that the message bears.

    Raises:
        MailFailed: it was not sent to all of them; some may have it.
    """
    try:
        addresses = await checked_addresses(receiver.host, receiver.port, receiver.allow_private)
    except UnsafeTarget as failure:
        raise MailFailed(str(failure)) from None
    except OSError:
        raise MailFailed("the server's name cannot be looked up") from None
    message = as_message(receiver, mail, now_ms)
    await asyncio.to_thread(_send, receiver, addresses[0], message, timeout_seconds)


def as_message(receiver: EmailReceiver, mail: Mail, now_ms: int) -> EmailMessage:
    """The message, text first and HTML as its alternative."""
    message = EmailMessage()
    # One line: a line break would begin another header.
    message["Subject"] = " ".join(mail.subject.split())
    message["From"] = receiver.sender
    message["To"] = ", ".join(receiver.to)
    message["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, UTC))
    message["Message-ID"] = f"<{mail.message_id}@{receiver.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _send(receiver: EmailReceiver, address: str, message: EmailMessage, timeout_seconds: float) -> None:
    try:
        with _connected(receiver, address, timeout_seconds) as server:
            if receiver.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if receiver.user:
                server.login(receiver.user, receiver.password)
            refused = server.send_message(message)
    except smtplib.SMTPAuthenticationError:
        raise MailFailed("the server refuses the user or the password") from None
    except smtplib.SMTPNotSupportedError:
        raise MailFailed("the server does not offer what is asked of it (STARTTLS, or a login)") from None
    except smtplib.SMTPException as failure:
        raise MailFailed(f"the server refuses: {_words(failure)}") from None
    except ssl.SSLError as failure:
        raise MailFailed(f"no encrypted connection: {failure.reason or failure}") from None
    except OSError as failure:
        raise MailFailed(f"no connection to the server ({type(failure).__name__})") from None
    if refused:
        raise MailFailed(f"the server refuses {', '.join(sorted(refused))}")


def _words(failure: smtplib.SMTPException) -> str:
    if isinstance(failure, smtplib.SMTPResponseException):
        return f"{failure.smtp_code} {failure.smtp_error!r}"[:200]
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return ", ".join(sorted(failure.recipients))[:200]
    return type(failure).__name__


def _connected(receiver: EmailReceiver, address: str, timeout_seconds: float) -> smtplib.SMTP:
    """A connection to the address that was checked; certificates must be for the host's name."""
    if receiver.security == "tls":
        return _PinnedTls(receiver, address, timeout_seconds)
    return _Pinned(receiver, address, timeout_seconds)


class _Pinned(smtplib.SMTP):
    """Connects to one address, whatever the name means by now."""

    def __init__(self, receiver: EmailReceiver, address: str, timeout_seconds: float) -> None:
        self._address = address
        super().__init__(receiver.host, receiver.port, timeout=timeout_seconds)

    def _get_socket(self, _host: str, port: int, timeout: float) -> Any:
        return socket.create_connection((self._address, port), timeout)


class _PinnedTls(smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, receiver: EmailReceiver, address: str, timeout_seconds: float) -> None:
        self._address = address
        context = ssl.create_default_context()
        super().__init__(receiver.host, receiver.port, timeout=timeout_seconds, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)
