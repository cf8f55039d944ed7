"""A process that runs an alerter over a value in a file, so that a test can kill it.

Does not stop by itself. Arguments: folder, receiver's URL.
"""

import sys
import time
from pathlib import Path

from alerting.alerter import Alerter, Surroundings
from alerting.deliver import RetryPolicy
from schemas.definitions import AlertRule, WebhookReceiver


def main(folder: Path, url: str) -> None:
    def value(_metric: str, _bucket: str, _now_ms: int) -> float | None:
        return float((folder / "value").read_text())

    rule = AlertRule("SignupsHigh", "product", "signups", "running", ">", 20.0, "ops")
    surroundings = Surroundings(
        value,
        lambda _rows: None,
        lambda: False,
        lambda: int(time.time() * 1000),
        "http://127.0.0.1:8000",
        RetryPolicy(first_seconds=0.05, longest_seconds=0.1),
    )
    receiver = WebhookReceiver("ops", url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", allow_private=True)
    Alerter([rule], [receiver], folder / "alerts.db", surroundings).run()


main(Path(sys.argv[1]), sys.argv[2])
