"""Alerts as mail through real SMTP servers: refusing some, hanging, dripping.

TLS and logins: see test_mail.py.
"""

import asyncio
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP
from alert_messages import NOW_MS, end, start, waiting

from alerting.channels.channel import Dead, Delivered, Retry
from alerting.channels.email import EmailChannel
from schemas.alerts import EmailReceiver


class Mailbox:
    """Keeps what arrives; answers an address with the code that it begins with."""

    def __init__(self):
        self.envelopes = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address[:3].isdigit():
            return f"{address[:3]} no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
async def serve():
    """Starts a server of a protocol or a function; gives its port."""
    running = []

    async def start_one(talk):
        if isinstance(talk, Mailbox):
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(talk, hostname="mail.test"), "127.0.0.1", 0)
        else:
            server = await asyncio.start_server(talk, "127.0.0.1", 0)
        running.append(server)
        return server.sockets[0].getsockname()[1]

    yield start_one
    for server in running:
        server.close()


def channel(port, *to, seconds=10.0, allow_private=True):
    receiver = EmailReceiver(
        "team", "127.0.0.1", port, "northstream@example.com", to, "none", allow_private=allow_private
    )
    return EmailChannel(receiver, seconds)


async def test_start_and_end_arrive_as_text_and_html_under_their_ids(serve):
    """The Message-ID is the webhook-id, the same in every copy."""
    mailbox = Mailbox()
    team = channel(await serve(mailbox), "a@example.com")
    for message in (start("a"), end("a"), end("a")):
        assert isinstance(await team.deliver(waiting(message), NOW_MS), Delivered)
    mails = [message_from_bytes(each.content, policy=policy.default) for each in mailbox.envelopes]
    assert [mail["Subject"] for mail in mails[:2]] == [
        "[critical] SignupsHigh: signups is 30 (> 20)",
        "[resolved] SignupsHigh after 5 min: signups is 3",
    ]
    assert mails[0]["Message-ID"] == "<msg_a_firing@example.com>"
    assert mails[1]["Message-ID"] == mails[2]["Message-ID"] == "<msg_a_resolved@example.com>"
    text, html = (part.get_content() for part in mails[1].iter_parts())
    assert "Lasted: 5 min" in text
    assert "<h2" in html


async def test_who_has_it_is_not_written_to_again(serve):
    """One is refused for now: the next attempt is for that one alone, though all are named in the mail."""
    mailbox = Mailbox()
    team = channel(await serve(mailbox), "a@example.com", "450@example.com")
    outcome = await team.deliver(waiting(start("a")), NOW_MS)
    assert isinstance(outcome, Retry)
    assert len(outcome.done) == 1
    again = await team.deliver(waiting(start("a"), outcome.done), NOW_MS)
    assert again == Retry("the server refuses 450@example.com", done=outcome.done)
    assert [each.rcpt_tos for each in mailbox.envelopes] == [["a@example.com"]]
    assert "450@example.com" in str(message_from_bytes(mailbox.envelopes[0].content)["To"])


async def test_an_address_that_is_refused_for_good_makes_a_dead_letter(serve):
    """The others have it; nobody writes to them for another day."""
    mailbox = Mailbox()
    outcome = await channel(await serve(mailbox), "a@example.com", "550@example.com").deliver(
        waiting(start("a")), NOW_MS
    )
    assert outcome == Dead("the server refuses 550@example.com")
    assert len(mailbox.envelopes) == 1


async def test_a_server_that_hangs_or_drips_is_left_in_time_and_its_connection_cut(serve):
    """The whole mail has one time, however many words the server takes it apart into."""
    cut = asyncio.Event()

    async def drip(reader, writer):
        try:
            while True:
                writer.write(b"220-still looking\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            cut.set()
        finally:
            writer.close()

    async def hang(reader, writer):
        await reader.read()
        cut.set()
        writer.close()

    for server in (drip, hang):
        cut.clear()
        outcome = await channel(await serve(server), "a@example.com", seconds=0.1).deliver(waiting(start("a")), NOW_MS)
        assert outcome == Retry("the server was not done within 0.3 s")
        async with asyncio.timeout(10):
            await cut.wait()


async def test_a_private_server_is_refused_unless_allowed(serve):
    """At the connect, whatever was checked on save."""
    mailbox = Mailbox()
    outcome = await channel(await serve(mailbox), "a@example.com", allow_private=False).deliver(
        waiting(start("a")), NOW_MS
    )
    assert outcome == Retry("the host has a private address (allow_private is not set)")
    assert mailbox.envelopes == []
