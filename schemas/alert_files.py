"""Reads `alerts/*.yaml`: receivers, and groups of rules in the manner of Prometheus (contracts §7).

Does not evaluate or deliver anything: see `alerting`.
"""

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

from schemas.definitions import AlertRule, WebhookReceiver
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

Operator = Literal[">", ">=", "<", "<=", "==", "!="]

SECRET_PREFIX = "whsec_"
SEVERITIES = ("critical", "warning", "info")

_CONDITION = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


@dataclass(slots=True)
class AlertFile:
    """What one file declares; each name comes with the line it stands on."""

    receivers: list[tuple[WebhookReceiver, Text]] = field(default_factory=list)
    rules: list["PlacedRule"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule and where its name, metric and receiver are written."""

    rule: AlertRule
    name: Text
    metric: Text
    receiver: Text


def parse_condition(text: str) -> tuple[Operator, float]:
    """`"> 20"` → (`>`, 20.0).

    Raises:
        ValueError: not an operator and a number.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no condition")
    return cast(Operator, match[1]), float(match[2])


def read_alert_file(section: Section) -> AlertFile:
    """Receivers and rules of one mapping `{receivers, groups}`."""
    result = AlertFile()
    for item in section.sections("receivers"):
        result.receivers.append(_read_receiver(item))
    for group in section.sections("groups"):
        result.rules.extend(_read_group(group))
    section.close()
    return result


def _read_receiver(section: Section) -> tuple[WebhookReceiver, Text]:
    name = section.placed("name")
    webhook = section.section("webhook")
    if webhook is None:
        section.report(section.line, f'receiver "{name.value}" has no "webhook"; add {{url, secret}}')
        section.close()
        return WebhookReceiver(name.value, "", ""), name
    receiver = WebhookReceiver(
        name=name.value,
        url=webhook.text("url", required=True),
        secret=webhook.text("secret", required=True),
        allow_private=webhook.flag("allow_private"),
    )
    section.close()
    webhook.close()
    if receiver.url:
        _check_url(receiver, webhook)
    if receiver.secret:
        _check_secret(receiver.secret, webhook)
    return receiver, name


def _check_url(receiver: WebhookReceiver, section: Section) -> None:
    """The alerter checks the resolved address again when it connects."""
    line = section.line_of("url")
    try:
        parts = urlsplit(receiver.url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        section.report(line, '"url" is no valid address')
        return
    if parts.scheme not in ("http", "https") or not host:
        section.report(line, '"url" must be like https://host/path')
    elif not receiver.allow_private and _is_private(host):
        section.report(line, f'"{host}" is a private address; add "allow_private: true" if you mean it')


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _check_secret(secret: str, section: Section) -> None:
    """Standard Webhooks: `whsec_` and the key in base64. The secret itself never enters a message."""
    try:
        valid = secret.startswith(SECRET_PREFIX) and base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)
    except binascii.Error:
        valid = False
    if not valid:
        section.report(section.line_of("secret"), f'"secret" must be {SECRET_PREFIX} followed by base64')


def _read_group(section: Section) -> list[PlacedRule]:
    group = section.text("name", required=True)
    interval = section.duration("interval", 1.0)
    if interval <= 0:
        section.report(section.line_of("interval"), '"interval" must be longer than 0')
    receiver = section.placed("receiver", required=False)
    rules = [_read_rule(item, group, interval, receiver) for item in section.sections("rules")]
    section.close()
    return rules


def _read_rule(section: Section, group: str, interval: float, receiver: Text) -> PlacedRule:
    name, metric = section.placed("alert"), section.placed("metric")
    operator, threshold = _read_condition(section)
    labels = section.text_map("labels")
    own = section.placed("receiver", required=False)
    receiver = own if own.value else receiver
    rule = AlertRule(
        alert=name.value,
        group=group,
        metric=metric.value,
        bucket=section.choice("bucket", ("running", "complete"), "complete"),
        operator=operator,
        threshold=threshold,
        receiver=receiver.value,
        owner=section.text("owner"),
        for_seconds=section.duration("for", 0.0),
        keep_firing_for_seconds=section.duration("keep_firing_for", 0.0),
        interval_seconds=interval,
        labels=labels,
        annotations=section.text_map("annotations"),
    )
    section.close()
    severity = labels.get("severity")
    if severity is not None and severity not in SEVERITIES:
        line = section.line_of("labels")
        section.report(line, f'severity "{severity}" is unknown; it can be {", ".join(SEVERITIES)}')
    return PlacedRule(rule, name, metric, receiver)


def _read_condition(section: Section) -> tuple[Operator, float]:
    condition = section.text("condition", required=True)
    try:
        return parse_condition(condition)
    except ValueError:
        if condition:
            section.report(section.line_of("condition"), f'"condition" must be like "> 20", not "{condition}"')
        return ">", 0.0
