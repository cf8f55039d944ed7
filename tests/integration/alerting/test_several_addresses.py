"""A name with several addresses of which the first does not answer at all, as behind a broken IPv6.

Addresses that refuse at once: see test_safe_targets.py.
"""

import asyncio
import socket
import threading
from contextlib import ExitStack

import pytest
from aiosmtpd.smtp import SMTP
from alert_messages import NOW_MS, start, waiting

from alerting.channels.channel import Delivered, Retry
from alerting.channels.email import EmailChannel
from alerting.channels.webhook import WebhookChannel
from schemas.alerts import EmailReceiver, WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DEAF = "127.0.0.2"


class Mailbox:
    """Keeps what arrives."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
def deaf():
    """Makes a port of another loopback address drop whoever knocks: its queue is full and nobody takes from it."""
    with ExitStack() as opened:

        def listen(port):
            opened.enter_context(socket.create_server((DEAF, port), backlog=0))
            for _ in range(4):
                knocking = opened.enter_context(socket.socket())
                knocking.setblocking(False)
                knocking.connect_ex((DEAF, port))

        yield listen


@pytest.fixture
def two_addresses(monkeypatch):
    """`two.example` is the deaf address, then ours."""
    real = socket.getaddrinfo

    def found(host, port, *rest, **options):
        if host != "two.example":
            return real(host, port, *rest, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in (DEAF, "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture
async def mailbox():
    """A real SMTP server; its port and what arrives there."""
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], box
    server.close()


def mail_to(host, port):
    return EmailReceiver("m", host, port, "n@x.example", ("a@x.example",), "none", allow_private=True)


@pytest.mark.usefixtures("two_addresses")
async def test_an_address_that_does_not_answer_leaves_time_for_the_next(deaf, answering, mailbox):
    """Web and mail arrive, once, within the time of one attempt."""
    server, (port, box) = answering(), mailbox
    deaf(server.port)
    deaf(port)
    hook = WebhookReceiver("ops", f"http://two.example:{server.port}/hook", SECRET, allow_private=True)
    assert await WebhookChannel(hook, 2.0).deliver(waiting(start("a")), NOW_MS) == Delivered("HTTP 200")
    mail = EmailChannel(mail_to("two.example", port), 0.7)
    assert await mail.deliver(waiting(start("a")), NOW_MS) == Delivered("taken by the mail server")
    assert (len(server.arrivals), len(box.envelopes)) == (1, 1)


async def test_a_mail_that_is_given_up_is_not_sent_behind_our_back(mailbox, monkeypatch):
    """The connection comes after the time is over: the message counts as not sent, so it must not be sent."""
    port, box = mailbox
    real, given_up, tried = socket.create_connection, threading.Event(), threading.Event()

    def late(address, *rest):
        given_up.wait(20)
        try:
            return real(address, *rest)
        finally:
            tried.set()

    monkeypatch.setattr(socket, "create_connection", late)
    outcome = await EmailChannel(mail_to("127.0.0.1", port), 0.1).deliver(waiting(start("a")), NOW_MS)
    assert isinstance(outcome, Retry)
    given_up.set()
    await asyncio.to_thread(tried.wait, 20)
    [sender] = [each for each in threading.enumerate() if each.name == "_send"] or [None]
    if sender is not None:
        await asyncio.to_thread(sender.join, 20)
    assert box.envelopes == []
