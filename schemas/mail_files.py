"""Reads the e-mail receivers of `alerts/*.yaml`: an SMTP server, how it is spoken to, and who gets the mail.

Does not send anything: see `alerting.mail`.
"""

import re
from typing import Literal
from urllib.parse import urlsplit

from schemas.alerts import EmailReceiver
from schemas.secret_texts import Environment, Secrets
from schemas.target_hosts import is_private_host
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

Security = Literal["starttls", "tls", "none"]

_PORTS = {"smtp": 587, "smtps": 465}
_MAILBOX = re.compile(r"[^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\\]+")


def read_mail(name: str, section: Section, environment: Environment) -> EmailReceiver:
    """The value of `email`."""
    address, is_plain = section.placed("smtp"), section.flag("plain")
    allow_private = section.flag("allow_private")
    host, port, security = _read_server(address, is_plain, allow_private, section)
    sender, to, secrets = section.placed("from"), section.texts("to"), Secrets(section, environment)
    receiver = EmailReceiver(
        name=name,
        host=host,
        port=port,
        sender=sender.value,
        to=tuple(mailbox.value for mailbox in to),
        security=security,
        user=secrets.read("user").value,
        password=secrets.read("password", required="user" in section).value,
        allow_private=allow_private,
    )
    section.close(may_hold_secrets=True)
    if not to:
        section.report(section.line_of("to"), '"to" must be a list of addresses, like [growth@example.com]')
    for mailbox in (sender, *to):
        if mailbox.value and not _MAILBOX.fullmatch(mailbox.value):
            section.report(mailbox.line, f'"{mailbox.value}" is no e-mail address')
    if "user" in section and security == "none":
        section.report(section.line_of("plain"), 'a password must not travel in the clear; remove "plain: true"')
    return receiver


def _read_server(address: Text, is_plain: bool, allow_private: bool, section: Section) -> tuple[str, int, Security]:
    if not address.value:
        return "", 0, "starttls"
    try:
        parts = urlsplit(address.value)
        port = parts.port
    except ValueError:
        section.report(address.line, '"smtp" is no valid address')
        return "", 0, "starttls"
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.username is not None:
        section.report(address.line, '"smtp" must be like smtp://host:587 (STARTTLS) or smtps://host:465')
        return "", 0, "starttls"
    if not allow_private and is_private_host(parts.hostname):
        message = f'"{parts.hostname}" is a private address; add "allow_private: true" if you mean it'
        section.report(address.line, message)
    security: Security = "tls" if parts.scheme == "smtps" else "starttls"
    return parts.hostname, port or _PORTS[parts.scheme], "none" if is_plain else security
