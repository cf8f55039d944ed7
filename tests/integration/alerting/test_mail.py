"""E-mail through a real SMTP server: encrypted before anything is said, refused when it cannot be."""

import asyncio
import ssl
import subprocess
from email import message_from_bytes, policy

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, AuthResult

from alerting.mail import Mail, MailFailed, send_mail
from schemas.alerts import EmailReceiver

NOW_MS = 1_795_341_600_000
MAIL = Mail(
    "Northwind\r\nBcc: everyone@example.com · été", "Bonjour 5 €\n", "<p>Bonjour <b>5 €</b></p>", "msg_digest_1"
)


class Mailbox:
    """Keeps what arrives; refuses one address."""

    def __init__(self):
        self.envelopes = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append((session.ssl is not None or hasattr(server.transport, "_ssl_protocol"), envelope))
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this address that nobody but these tests trusts."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout {key} -out {certificate}"
    )
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return key, certificate


@pytest_asyncio.fixture
async def serve(certificate):
    """Starts a server (`starttls`, `tls` or `none`); gives its mailbox and a receiver that sends there."""
    running = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])

    def authenticate(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"ana", b"secret"), handled=False)

    async def start(security="starttls", **fields):
        mailbox = Mailbox()
        options = {"authenticator": authenticate, "auth_require_tls": security == "starttls"}
        if security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(mailbox, hostname="mail.test", **options),
            "127.0.0.1",
            0,
            ssl=context if security == "tls" else None,
        )
        running.append(server)
        port = server.sockets[0].getsockname()[1]
        usual = {"sender": "northstream@example.com", "to": ("a@example.com", "b@example.com"), "allow_private": True}
        return mailbox, EmailReceiver("team", "127.0.0.1", port, security=security, **(usual | fields))

    yield start
    for server in running:
        server.close()


@pytest.fixture
def trusted(monkeypatch, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_everyone_gets_text_and_html_over_tls(serve, trusted, security):
    """A subject with a line break stays one header; the text comes first, HTML is its alternative."""
    mailbox, receiver = await serve(security)
    await send_mail(receiver, MAIL, NOW_MS)
    [(is_encrypted, envelope)] = mailbox.envelopes
    assert is_encrypted
    assert envelope.rcpt_tos == ["a@example.com", "b@example.com"]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert (message["Subject"], message["Bcc"]) == ("Northwind Bcc: everyone@example.com · été", None)
    assert message["Message-ID"] == "<msg_digest_1@example.com>"
    assert message["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    text, html = message.iter_parts()
    assert (text.get_content_type(), text.get_content().strip()) == ("text/plain", "Bonjour 5 €")
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", "<p>Bonjour <b>5 €</b></p>")


async def test_a_user_logs_in_over_tls_only_with_the_right_password(serve, trusted):
    """The refusal holds no password."""
    mailbox, receiver = await serve(user="ana", password="secret")
    await send_mail(receiver, MAIL, NOW_MS)
    assert len(mailbox.envelopes) == 1
    _, wrong = await serve(user="ana", password="hunter2")
    with pytest.raises(MailFailed, match="refuses the user or the password") as failure:
        await send_mail(wrong, MAIL, NOW_MS)
    assert "hunter2" not in str(failure.value)


async def test_nothing_is_said_to_a_server_that_nobody_vouches_for(serve):
    """The certificate is not trusted here, so no mail leaves."""
    mailbox, receiver = await serve()
    with pytest.raises(MailFailed, match="no encrypted connection"):
        await send_mail(receiver, MAIL, NOW_MS)
    assert mailbox.envelopes == []


async def test_a_server_without_starttls_is_not_spoken_to_in_the_clear(serve, trusted):
    """Unless the receiver says `plain`."""
    mailbox, receiver = await serve("none")
    await send_mail(receiver, MAIL, NOW_MS)
    assert len(mailbox.envelopes) == 1
    careful = EmailReceiver("team", "127.0.0.1", receiver.port, receiver.sender, receiver.to, allow_private=True)
    with pytest.raises(MailFailed, match="STARTTLS"):
        await send_mail(careful, MAIL, NOW_MS)
    assert len(mailbox.envelopes) == 1


async def test_who_did_not_get_it_is_named(serve, trusted):
    """The others have it."""
    mailbox, receiver = await serve(to=("a@example.com", "nobody@example.com"))
    with pytest.raises(MailFailed, match="refuses nobody@example"):
        await send_mail(receiver, MAIL, NOW_MS)
    assert mailbox.envelopes[0][1].rcpt_tos == ["a@example.com"]


async def test_private_addresses_and_absent_servers_are_told_apart(serve):
    """A receiver that may not reach this machine does not."""
    _, receiver = await serve(allow_private=False)
    with pytest.raises(MailFailed, match="private address"):
        await send_mail(receiver, MAIL, NOW_MS)
    absent = EmailReceiver("team", "127.0.0.1", 9, "x@example.com", ("a@example.com",), allow_private=True)
    with pytest.raises(MailFailed, match="no connection"):
        await send_mail(absent, MAIL, NOW_MS, timeout_seconds=5)
