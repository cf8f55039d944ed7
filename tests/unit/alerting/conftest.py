"""A rule to judge and a store to keep it in, for the tests of alerting.

Does not start receivers: see tests/integration/alerting.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.store import AlertStore
from schemas.definitions import AlertRule


@pytest.fixture
def rule() -> AlertRule:
    return AlertRule(
        alert="SignupsHigh",
        group="product",
        metric="signups",
        bucket="running",
        operator=">",
        threshold=20.0,
        receiver="ops",
        owner="growth",
        labels={"severity": "critical"},
        annotations={"summary": "Many signups"},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    opened = AlertStore(tmp_path / "alerts.db")
    yield opened
    opened.close()
