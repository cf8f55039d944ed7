"""No receiver leads to a private address, however it is spelled, whatever its name means by now, wherever it redirects.

Apprise: see test_channel_apprise.py, whose wall is another. Redirects: see test_channels.py.
"""

import asyncio
import socket

import pytest
from aiosmtpd.smtp import SMTP
from alert_messages import NOW_MS, start, waiting

from alerting.channels.channel import Delivered, Retry
from alerting.channels.choice import channel_to
from alerting.store import AlertStore
from alerting.targets import UnsafeTarget, check_url, resolve
from schemas.alerts import AlertmanagerReceiver, EmailReceiver, PagerDutyReceiver, WebhookReceiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PRIVATE = Retry("the host has a private address (allow_private is not set)")

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fec0::1]",
    "[fd00::1]",
]


@pytest.fixture
def store(tmp_path):
    opened = AlertStore(tmp_path / "alerts.db")
    yield opened
    opened.close()


def receivers(host, port):
    """One of each kind that connects by itself, at this host."""
    url = f"http://{host}:{port}/hook"
    yield WebhookReceiver("ops", url, SECRET)
    yield AlertmanagerReceiver("ops", (url,))
    yield PagerDutyReceiver("ops", "key", url)
    yield EmailReceiver("ops", host.strip("[]"), port, "n@example.com", ("a@example.com",), "none")


@pytest.mark.parametrize("host", SPELLINGS)
async def test_every_spelling_of_a_private_address_is_refused_by_every_channel(host, answering, store):
    """Decimal, octal, hexadecimal, short, IPv6-mapped, 6to4, NAT64, link-local, upper case, with a dot behind."""
    server = answering()
    for receiver in receivers(host, server.port):
        channel = channel_to(receiver, 5.0, store.outbox, lambda: NOW_MS)
        assert await channel.deliver(waiting(start("a")), NOW_MS) == PRIVATE
    assert server.arrivals == []


async def test_one_private_address_of_a_name_is_enough_to_refuse_it(monkeypatch, store):
    """Else it would be tried when the public one does not listen."""
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: places)
    for receiver in receivers("mixed.example", 80):
        channel = channel_to(receiver, 5.0, store.outbox, lambda: NOW_MS)
        assert await channel.deliver(waiting(start("a")), NOW_MS) == PRIVATE


async def test_a_name_is_looked_up_once_and_that_answer_is_connected_to(monkeypatch, answering, store):
    """A name that means another place at the second look is not looked at twice: web and mail go where was checked."""
    real, server, mails = socket.getaddrinfo, answering(), []
    looks = []

    def rebinding(host, port, *rest, **options):
        if host != "rebinding.example":
            return real(host, port, *rest, **options)
        looks.append(host)
        return real("127.0.0.1" if len(looks) % 2 else "127.0.0.2", port, *rest, **options)

    class Mailbox:
        async def handle_DATA(self, _server, _session, envelope):
            mails.append(envelope)
            return "250 OK"

    smtp = await asyncio.get_running_loop().create_server(lambda: SMTP(Mailbox()), "127.0.0.1", 0)
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    hook = WebhookReceiver("ops", f"http://rebinding.example:{server.port}/hook", SECRET, allow_private=True)
    port = smtp.sockets[0].getsockname()[1]
    mail = EmailReceiver("m", "rebinding.example", port, "n@x.example", ("a@x.example",), "none", allow_private=True)
    for receiver in (hook, mail):
        looks.clear()
        channel = channel_to(receiver, 5.0, store.outbox, lambda: NOW_MS)
        assert isinstance(await channel.deliver(waiting(start("a")), NOW_MS), Delivered)
        assert looks == ["rebinding.example"]
    smtp.close()
    assert (len(server.arrivals), len(mails)) == (1, 1)
    assert server.arrivals[0].headers["host"] == f"rebinding.example:{server.port}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/_",
        "http:///hook",
        "http://user:pass@example.com/",
        "http://8.8.8.8@127.0.0.1/",
        "http://127.0.0.1\\@8.8.8.8/",
        "http://example.com:99999/",
        "http://example.com:pass/word@host",
        "http://example.com/a\r\nX-Injected: 1",
        "http://exa mple.com/",
        "http://[::1/",
        "http://ℌ℀.example/",
    ],
)
def test_what_is_no_web_address_is_refused_without_repeating_it(url):
    """Only http and https with a host, no credentials, and nothing that could slip into the request."""
    with pytest.raises(UnsafeTarget) as refused:
        check_url(url)
    assert "pass" not in str(refused.value)


async def test_a_name_in_any_script_is_spoken_to_as_names_are_written(monkeypatch):
    """A `Host` header has no other letters than ours."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_rest, **_more: [(2, 1, 6, "", ("93.184.215.14", 80))])
    target = await resolve("http://exämple.com:8080/ä?q=ö", allow_private=False)
    assert (target.authority, target.path) == ("xn--exmple-cua.com:8080", "/%C3%A4?q=%C3%B6")


async def test_what_stands_behind_a_number_sign_is_no_host():
    """The address that is checked is the one that is asked."""
    target = await resolve("http://8.8.8.8#@127.0.0.1/", allow_private=False)
    assert target.addresses == ("8.8.8.8",)
