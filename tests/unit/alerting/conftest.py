"""A rule to judge and a store to keep it in, for the tests of alerting.

Does not start receivers: see tests/integration/alerting.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.store import AlertStore
from schemas.alerts import AlertRule, MetricSubject


@pytest.fixture
def rule() -> AlertRule:
    return AlertRule(
        alert="SignupsHigh",
        group="product",
        subject=MetricSubject("signups"),
        bucket="running",
        operator=">",
        threshold=20.0,
        receivers=("ops",),
        owner="growth",
        labels={"severity": "critical"},
        annotations={"summary": "Many signups"},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    opened = AlertStore(tmp_path / "alerts.db")
    yield opened
    opened.close()
