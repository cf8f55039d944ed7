"""Which channel leads to which kind of receiver.

Does not open anything.
"""

from collections.abc import Callable

from alerting.channels.alertmanager import AlertmanagerChannel
from alerting.channels.channel import Channel
from alerting.channels.email import EmailChannel
from alerting.channels.pagerduty import PagerDutyChannel
from alerting.channels.through_apprise import AppriseChannel
from alerting.channels.webhook import WebhookChannel
from alerting.outbox import Outbox
from schemas.alerts import (
    AlertmanagerReceiver,
    AppriseReceiver,
    EmailReceiver,
    PagerDutyReceiver,
    Receiver,
    WebhookReceiver,
)

KINDS: dict[type[Receiver], str] = {
    WebhookReceiver: "webhook",
    EmailReceiver: "email",
    AppriseReceiver: "apprise",
    AlertmanagerReceiver: "alertmanager",
    PagerDutyReceiver: "pagerduty",
}


def channel_to(receiver: Receiver, timeout_seconds: float, outbox: Outbox, clock: Callable[[], int]) -> Channel:
    """The way to it. `timeout_seconds`: for one exchange; mail and Apprise take some times that. `clock`: Unix ms."""
    match receiver:
        case WebhookReceiver():
            return WebhookChannel(receiver, timeout_seconds)
        case EmailReceiver():
            return EmailChannel(receiver, timeout_seconds)
        case AppriseReceiver():
            return AppriseChannel(receiver, timeout_seconds)
        case AlertmanagerReceiver():
            return AlertmanagerChannel(receiver, timeout_seconds, outbox, clock)
        case PagerDutyReceiver():
            return PagerDutyChannel(receiver, timeout_seconds)
