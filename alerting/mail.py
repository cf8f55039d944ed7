"""One e-mail through an SMTP server: text and HTML, encrypted before anything is said, to checked addresses only.

Does not retry, and does not write what it sends.
"""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from alerting.targets import UnsafeTarget, checked_addresses, connect_seconds
from alerting.threads import in_own_thread
from schemas.alerts import EmailReceiver


class MailFailed(Exception):
    """The server did not take the message for all who should get it; the sentence holds no secret.

    `refused`: who was refused while the others have it, each with the server's code.
    """

    def __init__(self, sentence: str, refused: Mapping[str, int] | None = None) -> None:
        super().__init__(sentence)
        self.refused = dict(refused or {})


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent. `message_id`: without brackets, the same for each copy of one message."""

    subject: str
    text: str
    html: str
    message_id: str


async def send_mail(
    receiver: EmailReceiver, mail: Mail, now_ms: int, timeout_seconds: float = 30.0, to: Sequence[str] = ()
) -> None:
    """Send to everyone of the receiver at once, or to those in `to`, within the time in all.

    `now_ms`: the moment that the message bears.

    Raises:
        MailFailed: it was not sent to all of them; some may have it.
    """
    line = _Line(receiver, timeout_seconds)
    message = as_message(receiver, mail, now_ms)
    try:
        async with asyncio.timeout(timeout_seconds):
            line.addresses = await checked_addresses(receiver.host, receiver.port, receiver.allow_private)
            await in_own_thread(_send, line, message, to or receiver.to)
    except UnsafeTarget as failure:
        raise MailFailed(str(failure)) from None
    except TimeoutError:
        raise MailFailed(f"the server was not done within {timeout_seconds:g} s") from None
    except OSError:
        raise MailFailed("the server's name cannot be looked up") from None
    finally:
        line.hang_up()


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


def _send(line: "_Line", message: EmailMessage, to: Sequence[str]) -> None:
    receiver = line.receiver
    try:
        with line.server() as server:
            if receiver.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if receiver.user:
                server.login(receiver.user, receiver.password)
            refused = server.send_message(message, to_addrs=list(to))
    except smtplib.SMTPAuthenticationError:
        raise MailFailed("the server refuses the user or the password") from None
    except smtplib.SMTPNotSupportedError:
        raise MailFailed("the server does not offer what is asked of it (STARTTLS, or a login)") from None
    except smtplib.SMTPRecipientsRefused as failure:
        raise _refusal(failure.recipients) from None
    except smtplib.SMTPResponseException as failure:
        raise MailFailed(f"the server refuses with code {failure.smtp_code}") from None
    except smtplib.SMTPException as failure:
        raise MailFailed(f"the server refuses: {type(failure).__name__}") from None
    except ssl.SSLError as failure:
        raise MailFailed(f"no encrypted connection: {failure.reason or failure}") from None
    except OSError as failure:
        raise MailFailed(f"no connection to the server ({type(failure).__name__})") from None
    if refused:
        raise _refusal(refused)


def _refusal(refused: Mapping[str, tuple[int, bytes]]) -> MailFailed:
    codes = {mailbox: code for mailbox, (code, _) in refused.items()}
    return MailFailed(f"the server refuses {', '.join(sorted(codes))}"[:200], codes)


class _Line:
    """The connection of one sending, which can be cut from outside whatever it waits for."""

    def __init__(self, receiver: EmailReceiver, timeout_seconds: float) -> None:
        self.receiver = receiver
        self.addresses: Sequence[str] = ()
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._is_over = False
        self._second_handle: socket.socket | None = None

    def server(self) -> smtplib.SMTP:
        """Connected to one of the addresses that were checked; certificates must be for the host's name."""
        receiver, seconds = self.receiver, self._timeout_seconds
        return (_PinnedTls if receiver.security == "tls" else _Pinned)(self, receiver.host, receiver.port, seconds)

    def connect(self, port: int, timeout_seconds: float) -> socket.socket:
        """To the first of the addresses that listens.

        Raises:
            OSError: none does, or nobody waits any more.
        """
        share = connect_seconds(timeout_seconds, len(self.addresses))
        for address in self.addresses[:-1]:
            with contextlib.suppress(OSError):
                connection = self._keep(socket.create_connection((address, port), share))
                connection.settimeout(timeout_seconds)
                return connection
        return self._keep(socket.create_connection((self.addresses[-1], port), timeout_seconds))

    def hang_up(self) -> None:
        """End the connection, also in the midst of a word; if there is none yet, nothing is said over it."""
        with self._lock:
            self._is_over = True
            if self._second_handle is not None:
                with contextlib.suppress(OSError):
                    self._second_handle.shutdown(socket.SHUT_RDWR)
                self._second_handle.close()

    def _keep(self, connection: socket.socket) -> socket.socket:
        """Raises OSError: the message counts as not sent by now, and will be sent again."""
        with self._lock:
            if self._is_over:
                connection.close()
                raise OSError("the time is over")
            # Another handle of it: TLS takes the first one over.
            self._second_handle = connection.dup()
        return connection


class _Pinned(smtplib.SMTP):
    """Connects to one of the checked addresses, whatever the name means by now."""

    def __init__(self, line: _Line, host: str, port: int, timeout_seconds: float) -> None:
        self._line = line
        super().__init__(host, port, timeout=timeout_seconds)

    def _get_socket(self, _host: str, port: int, timeout: float) -> Any:
        return self._line.connect(port, timeout)


class _PinnedTls(smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, line: _Line, host: str, port: int, timeout_seconds: float) -> None:
        self._line = line
        super().__init__(host, port, timeout=timeout_seconds, context=ssl.create_default_context())

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        return self.context.wrap_socket(self._line.connect(port, timeout), server_hostname=host)
