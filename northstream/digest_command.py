"""`northstream digest`: prints the weekly digest of the running product, or sends it to a receiver of `alerts/`.

Does not compose it: the product does.
"""

import asyncio
import hashlib
import json
import os
import re
from typing import Any, NamedTuple

import httpx

from alerting.mail import Mail, MailFailed, send_mail
from alerting.send_now import NotSent, send_webhook, send_words
from alerting.words import Words
from northstream.clock import unix_ms
from northstream.failures import UserError
from northstream.running_product import RunningProduct, find_running
from northstream.settings import Settings
from northstream.workspaces import load_named_workspace
from schemas.alerts import AppriseReceiver, EmailReceiver, WebhookReceiver

DigestReceiver = WebhookReceiver | EmailReceiver | AppriseReceiver

_ANSWER_SECONDS = 60.0


class Asked(NamedTuple):
    """What the command line asks for; empty: the last week that is over, the workspace's language, nobody."""

    week: str = ""
    format: str = "text"
    language: str = ""
    receiver: str = ""


def run_digest(settings: Settings, asked: Asked) -> int:
    """Print or send it.

    Raises:
        UserError: no product runs, the week is none, there is no such receiver, or it does not take the message.
    """
    receiver = _receiver(settings, asked.receiver) if asked.receiver else None
    product = find_running(settings)
    try:
        if receiver is None:
            print(_read(product, asked, asked.format).text, end="")
            return 0
        asyncio.run(send_digest(product, asked, receiver))
    finally:
        product.warehouse.close()
    print(f"sent to {receiver.name}")
    return 0


def _receiver(settings: Settings, name: str) -> DigestReceiver:
    receivers = {each.name: each for each in load_named_workspace(settings, os.environ).alerts.receivers}
    found = receivers.get(name)
    if found is None:
        known = f"there are {', '.join(receivers)}" if receivers else "there is none; add one to alerts/*.yaml"
        raise UserError(f'there is no receiver "{name}" ({known})')
    if not isinstance(found, DigestReceiver):
        raise UserError(f'the receiver "{name}" takes alerts only; a digest goes to a webhook, e-mail or Apprise')
    return found


async def send_digest(product: RunningProduct, asked: Asked, receiver: DigestReceiver) -> None:
    """Raises UserError: the product has no such digest, or the receiver does not take it."""
    try:
        if isinstance(receiver, EmailReceiver):
            await send_mail(receiver, _mail(product, asked), unix_ms())
        elif isinstance(receiver, AppriseReceiver):
            mail = _mail(product, asked)
            await send_words(receiver, Words(mail.subject, mail.text, mail.html, "info"), unix_ms())
        else:
            data = json.loads(_read(product, asked, "json").content)
            data["url"] = f"{product.url}/digest?week={data['week']}"
            await send_webhook(receiver, "digest.weekly", data, _message_id(data), unix_ms)
    except (MailFailed, NotSent) as failure:
        raise UserError(f"the digest was not sent to {receiver.name}: {failure}") from failure


def _mail(product: RunningProduct, asked: Asked) -> Mail:
    """Its subject is the text's first line, and the week."""
    text, html = _read(product, asked, "text").text, _read(product, asked, "html").text
    title, subtitle = text.split("\n")[:2]
    return Mail(f"{title} · {subtitle}", text, html, _message_id({"text": text}))


def _message_id(data: dict[str, Any]) -> str:
    """The same for the same content, so that a second sending of it can be told from a newer edition."""
    return "msg_digest_" + hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:24]


def _read(product: RunningProduct, asked: Asked, shape: str) -> httpx.Response:
    parameters = {"format": shape, "week": asked.week, "lang": asked.language}
    try:
        answer = httpx.get(
            f"{product.url}/api/digest",
            params={name: value for name, value in parameters.items() if value},
            headers={"Authorization": f"Bearer {product.secret_key}"},
            timeout=_ANSWER_SECONDS,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise UserError(f"nothing answers at {product.url} ({error})") from error
    if answer.status_code != 200:
        sentence = re.sub(r"\s+", " ", answer.text)[:300]
        if answer.headers.get("content-type", "").startswith("application/json"):
            sentence = str(answer.json().get("message", sentence))
        raise UserError(f"{product.url} answers {answer.status_code}: {sentence}")
    return answer
