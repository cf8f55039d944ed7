"""Reads the receivers of `alerts/*.yaml`: signed webhooks, and e-mail through an SMTP server.

Does not send anything: see `alerting`.
"""

import base64
import binascii
import ipaddress
import re
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from schemas.alerts import EmailReceiver, WebhookReceiver
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

SECRET_PREFIX = "whsec_"

_PORTS = {"smtp": 587, "smtps": 465}
_MAILBOX = re.compile(r"[^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\\]+")


def read_receiver(section: Section) -> tuple[WebhookReceiver | EmailReceiver, Text]:
    """One receiver, a webhook or an e-mail, and its name with its line."""
    name = section.placed("name")
    webhook, email = section.section("webhook"), section.section("email")
    section.close()
    if webhook is not None and email is not None:
        section.report(section.line, f'receiver "{name.value}" is a webhook and an e-mail; make two receivers')
    if webhook is not None:
        return _read_webhook(name.value, webhook), name
    if email is not None:
        return _read_email(name.value, email), name
    section.report(
        section.line, f'receiver "{name.value}" has neither "webhook" {{url, secret}} nor "email" {{smtp, from, to}}'
    )
    return WebhookReceiver(name.value, "", ""), name


def _read_webhook(name: str, section: Section) -> WebhookReceiver:
    receiver = WebhookReceiver(
        name=name,
        url=section.text("url", required=True),
        secret=section.text("secret", required=True),
        allow_private=section.flag("allow_private"),
    )
    section.close()
    if receiver.url:
        _check_url(receiver, section)
    if receiver.secret:
        _check_secret(receiver.secret, section)
    return receiver


def _check_url(receiver: WebhookReceiver, section: Section) -> None:
    """The alerter checks the resolved address again when it connects."""
    parts = _split(receiver.url, "url", section)
    if parts is None:
        return
    if parts.scheme not in ("http", "https") or not parts.hostname:
        section.report(section.line_of("url"), '"url" must be like https://host/path')
    else:
        _check_host(parts.hostname, receiver.allow_private, section.line_of("url"), section)


def _check_secret(secret: str, section: Section) -> None:
    """Standard Webhooks: `whsec_` and the key in base64. The secret itself never enters a message."""
    try:
        valid = secret.startswith(SECRET_PREFIX) and base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)
    except binascii.Error:
        valid = False
    if not valid:
        section.report(section.line_of("secret"), f'"secret" must be {SECRET_PREFIX} followed by base64')


def _read_email(name: str, section: Section) -> EmailReceiver:
    address, is_plain = section.placed("smtp"), section.flag("plain")
    allow_private = section.flag("allow_private")
    host, port, security = _read_server(address, is_plain, allow_private, section)
    sender, to = section.placed("from"), section.texts("to")
    receiver = EmailReceiver(
        name=name,
        host=host,
        port=port,
        sender=sender.value,
        to=tuple(mailbox.value for mailbox in to),
        security=security,
        user=section.text("user"),
        password=section.text("password"),
        allow_private=allow_private,
    )
    section.close()
    if not to:
        section.report(section.line_of("to"), '"to" must be a list of addresses, like [growth@example.com]')
    for mailbox in (sender, *to):
        if mailbox.value and not _MAILBOX.fullmatch(mailbox.value):
            section.report(mailbox.line, f'"{mailbox.value}" is no e-mail address')
    if receiver.user and security == "none":
        section.report(section.line_of("plain"), 'a password must not travel in the clear; remove "plain: true"')
    return receiver


def _read_server(
    address: Text, is_plain: bool, allow_private: bool, section: Section
) -> tuple[str, int, Literal["starttls", "tls", "none"]]:
    parts = _split(address.value, "smtp", section)
    if parts is None or not address.value:
        return "", 0, "starttls"
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.username is not None:
        section.report(address.line, '"smtp" must be like smtp://host:587 (STARTTLS) or smtps://host:465')
        return "", 0, "starttls"
    _check_host(parts.hostname, allow_private, address.line, section)
    security: Literal["starttls", "tls", "none"] = "tls" if parts.scheme == "smtps" else "starttls"
    return parts.hostname, parts.port or _PORTS[parts.scheme], "none" if is_plain else security


def _split(url: str, key: str, section: Section) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        section.report(section.line_of(key), f'"{key}" is no valid address')
        return None
    return parts


def _check_host(host: str, allow_private: bool, line: int, section: Section) -> None:
    if not allow_private and _is_private(host):
        section.report(line, f'"{host}" is a private address; add "allow_private: true" if you mean it')


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
