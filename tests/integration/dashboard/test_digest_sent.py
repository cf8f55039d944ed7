"""The weekly digest on its way: as a mail and as a signed webhook, from a product that is served."""

import asyncio
import json
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP
from standardwebhooks.webhooks import Webhook

from northstream.digest_command import Asked, send_digest
from northstream.failures import UserError
from northstream.running_product import RunningProduct
from schemas.alerts import AppriseReceiver, EmailReceiver, WebhookReceiver

SECRET_KEY = "sk_test_5d1f"
SIGNING = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw=="
WEEK = Asked(week="2026-W46", language="fr")


class Arrivals:
    """What came, of either kind."""

    def __init__(self):
        self.mails, self.posts = [], []

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(envelope.content)
        return "250 OK"

    async def answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        }
        self.posts.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
def arrivals():
    return Arrivals()


@pytest.fixture
def product(build, serve):
    return RunningProduct(serve(build()), SECRET_KEY, None, None)


async def test_the_digest_arrives_as_text_and_html(product, arrivals):
    """In the reader's language; the address in it leads back to the week's page."""
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(arrivals), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver = EmailReceiver(
        "team", "127.0.0.1", port, "n@example.com", ("a@example.com",), security="none", allow_private=True
    )
    await send_digest(product, WEEK, receiver)
    server.close()
    message = message_from_bytes(arrivals.mails[0], policy=policy.default)
    assert message["Subject"].startswith("Northwind Projects · Bilan hebdomadaire · 2026-W46 · 9–15 nov. 2026")
    text, html = (part.get_content() for part in message.iter_parts())
    assert f"{product.url}/digest?week=2026-W46&lang=fr" in text
    assert f'href="{product.url}/digest?week=2026-W46&amp;lang=fr"' in html
    assert "<script" not in html


async def test_the_digest_arrives_as_a_webhook_that_can_be_verified(product, arrivals):
    """Type `digest.weekly`; the same content bears the same id, so that a copy can be told."""
    server = await asyncio.start_server(arrivals.answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    receiver = WebhookReceiver("hook", url, SIGNING, allow_private=True)
    for _ in range(2):
        await send_digest(product, WEEK, receiver)
    server.close()
    (headers, body), (again, _) = arrivals.posts
    Webhook(SIGNING).verify(body, headers)
    message = json.loads(body)
    assert message["type"] == "digest.weekly"
    assert (message["data"]["week"], len(message["data"]["kpis"]) > 0) == ("2026-W46", True)
    assert headers["webhook-id"] == again["webhook-id"]


async def test_the_digest_arrives_as_text_through_apprise(product, arrivals):
    """The services that Apprise speaks to have no use for HTML of a page."""
    server = await asyncio.start_server(arrivals.answer, "127.0.0.1", 0)
    url = f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    await send_digest(product, WEEK, AppriseReceiver("chat", (url,), allow_private=True))
    server.close()
    message = json.loads(arrivals.posts[0][1])
    assert message["title"].startswith("Northwind Projects · Bilan hebdomadaire · 2026-W46")
    assert f"{product.url}/digest?week=2026-W46&lang=fr" in message["message"]


async def test_who_cannot_be_reached_and_what_is_no_week_are_told_in_a_sentence(product):
    """The command ends with it and exit code 2."""
    receiver = EmailReceiver("team", "127.0.0.1", 9, "n@example.com", ("a@example.com",), allow_private=True)
    with pytest.raises(UserError, match="was not sent to team: no connection"):
        await send_digest(product, WEEK, receiver)
    with pytest.raises(UserError, match="week: not an ISO week"):
        await send_digest(product, Asked(week="soon"), receiver)
