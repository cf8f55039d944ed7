"""The test message that somebody wishes one receiver to get.

Does not read wishes (`alerting.controls`) and does not send: it goes through the outbox like every other.
"""

from alerting import payload
from alerting.outbox import Outgoing
from alerting.said import TEST


def trial(receiver: str, wish: str, now_ms: int, public_url: str) -> Outgoing:
    """A message of type `alert.test` with all fields of contracts §7, about no rule; the same for the same wish."""
    sentence = f"NorthStream can reach the receiver {receiver}. Nothing is wrong; somebody asked for this message."
    data = {
        "alert_id": f"test_{wish}",
        "alert": "NorthStreamTest",
        "metric": "",
        "bucket": "running",
        "value": None,
        "condition": "",
        "severity": "info",
        "owner": "",
        "started_at": payload.instant(now_ms),
        "ended_at": None,
        "labels": {},
        "annotations": {"summary": sentence},
        "url": f"{public_url.rstrip('/')}/alerts",
    }
    return Outgoing(f"msg_test_{wish}", receiver, payload.body(TEST, data, now_ms), now_ms)
