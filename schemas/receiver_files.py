"""Reads the receivers of `alerts/*.yaml`: who is told, how, and how often they may be disturbed.

Does not send anything: see `alerting`. An address or a key that may hold a secret never enters a finding.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from schemas.alerts import (
    PAGERDUTY_URL,
    AlertmanagerReceiver,
    AppriseReceiver,
    Manners,
    PagerDutyReceiver,
    Receiver,
    WebhookReceiver,
)
from schemas.catalogue import LintException
from schemas.mail_files import read_mail
from schemas.manner_files import read_manners
from schemas.metric_files import read_exceptions
from schemas.references import check_name
from schemas.secret_texts import Environment, Secrets
from schemas.target_hosts import is_private_host
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

SECRET_PREFIX = "whsec_"

_OWN_SERVERS = frozenset(
    (
        *("apprise", "form", "gotify", "hassio", "json", "mailto", "matrix", "mmost", "ncloud", "ntfy", "rocket"),
        *("rsyslog", "synology", "xml"),
    )
)
"""Apprise schemes, also with an `s` behind, whose host is a server's. Elsewhere a token may look like an address."""


_BLANK = re.compile(r"[\x00-\x20\x7f]")
"""What the alerter would refuse."""


@dataclass(frozen=True, slots=True)
class PlacedReceiver:
    """A receiver with its manners, and where it and its name are written. `exceptions`: of the lint."""

    receiver: Receiver
    manners: Manners | None
    name: Text
    line: int
    exceptions: tuple[LintException, ...] = ()

    @property
    def id(self) -> str:
        return self.receiver.name

    @property
    def file(self) -> str:
        return self.name.file


def read_receiver(section: Section, timezone: str, environment: Environment) -> PlacedReceiver:
    """One receiver and its manners. `timezone`: of quiet hours that name none."""
    name, manners = section.placed("name"), section.section("manners")
    if "name" in section:
        check_name(name, "receiver", section.findings)
    read = read_manners(manners, timezone) if manners is not None else None
    receiver, exceptions = _read_kind(name, section, environment), read_exceptions(section)
    section.close(may_hold_secrets=True)
    return PlacedReceiver(receiver, read, name, section.line, exceptions)


def _read_kind(name: Text, section: Section, environment: Environment) -> Receiver:
    """By the one key that says how it is told."""
    kinds = [kind for kind in _KINDS if kind in section]
    parts = {kind: section.section(kind) for kind in kinds}
    if len(kinds) > 1:
        section.report(section.line, f'receiver "{name.value}" is both {" and ".join(kinds)}; make two receivers')
    if not kinds:
        known = ", ".join(f'"{kind}"' for kind in _KINDS)
        section.report(section.line, f'receiver "{name.value}" has none of {known}; add one')
    readable = [(kind, part) for kind, part in parts.items() if part is not None]
    if not readable:
        return WebhookReceiver(name.value, "", "")
    kind, part = readable[0]
    return _KINDS[kind](name.value, part, environment)


def _read_webhook(name: str, section: Section, environment: Environment) -> WebhookReceiver:
    secrets = Secrets(section, environment)
    url, secret = secrets.read("url", required=True), secrets.read("secret", required=True)
    receiver = WebhookReceiver(name, url.value, secret.value, section.flag("allow_private"))
    section.close(may_hold_secrets=True)
    _check_url(url, "url", receiver.allow_private, section)
    if receiver.secret:
        _check_secret(receiver.secret, section)
    return receiver


def _read_apprise(name: str, section: Section, environment: Environment) -> AppriseReceiver:
    urls = Secrets(section, environment).read_all("urls")
    receiver = AppriseReceiver(name, tuple(url.value for url in urls), section.flag("allow_private"))
    section.close(may_hold_secrets=True)
    if not section.items("urls"):
        section.report(section.line_of("urls"), '"urls" must be a list of Apprise URLs, like ["slack://…"]')
    for url in urls:
        _check_apprise(url, receiver.allow_private, section)
    return receiver


def _read_alertmanager(name: str, section: Section, environment: Environment) -> AlertmanagerReceiver:
    urls = Secrets(section, environment).read_all("urls")
    receiver = AlertmanagerReceiver(name, tuple(url.value for url in urls), section.flag("allow_private"))
    section.close(may_hold_secrets=True)
    if not section.items("urls"):
        section.report(section.line_of("urls"), '"urls" must be a list like ["http://alertmanager:9093"]')
    for url in urls:
        _check_url(url, "urls", receiver.allow_private, section)
    return receiver


def _read_pagerduty(name: str, section: Section, environment: Environment) -> PagerDutyReceiver:
    key, url = Secrets(section, environment).read("routing_key", required=True), section.placed("url", required=False)
    receiver = PagerDutyReceiver(name, key.value, url.value or PAGERDUTY_URL, section.flag("allow_private"))
    section.close(may_hold_secrets=True)
    _check_url(url, "url", receiver.allow_private, section)
    return receiver


_KINDS: Mapping[str, Callable[[str, Section, Environment], Receiver]] = {
    "webhook": _read_webhook,
    "email": read_mail,
    "apprise": _read_apprise,
    "alertmanager": _read_alertmanager,
    "pagerduty": _read_pagerduty,
}


def _check_url(url: Text, key: str, allow_private: bool, section: Section) -> None:
    """The alerter checks the resolved address again when it connects. Empty is left alone."""
    parts = _split(url, key, section)
    if parts is None:
        return
    if parts.scheme not in ("http", "https") or not parts.hostname or _BLANK.search(url.value):
        section.report(url.line, f'"{key}" must be like https://host/path')
    elif parts.username is not None:
        section.report(url.line, f'"{key}" must not hold a user or a password')
    else:
        _check_host(parts.hostname, allow_private, url.line, section)


def _check_apprise(url: Text, allow_private: bool, section: Section) -> None:
    """Where the host is a server's; Apprise knows the rest."""
    scheme, is_url, rest = url.value.partition("://")
    if not is_url or not scheme.isalnum() or not rest:
        section.report(url.line, "is no Apprise URL; it must be like slack://…")
    elif scheme.lower().removesuffix("s") in _OWN_SERVERS or scheme.lower() in ("http", "https"):
        parts = _split(url, "urls", section)
        if parts is not None and parts.hostname:
            _check_host(parts.hostname, allow_private, url.line, section)


def _check_host(host: str, allow_private: bool, line: int, section: Section) -> None:
    if not allow_private and is_private_host(host):
        section.report(line, f'"{host}" is a private address; add "allow_private: true" if you mean it')


def _split(url: Text, key: str, section: Section) -> SplitResult | None:
    """None when it is empty or, with a finding, no address."""
    if not url.value:
        return None
    try:
        parts = urlsplit(url.value)
        _ = parts.port
    except ValueError:
        section.report(url.line, f'"{key}" is no valid address')
        return None
    return parts


def _check_secret(secret: str, section: Section) -> None:
    """Standard Webhooks: `whsec_` and the key in base64. The secret itself never enters a message."""
    try:
        valid = secret.startswith(SECRET_PREFIX) and base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        valid = False
    if not valid:
        section.report(section.line_of("secret"), f'"secret" must be {SECRET_PREFIX} followed by base64')
