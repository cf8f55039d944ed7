"""A small company lived through once, for the tests of the simulation.

Does not send anything.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from simulate.company import Company

START = date(2026, 3, 2)
END_MS = int(datetime(2026, 8, 31, 15, 30, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="session")
def company() -> Company:
    return Company(seed=11, start=START, end_ms=END_MS, people=1_500)


@pytest.fixture(scope="session")
def history(company: Company) -> Sequence[dict[str, Any]]:
    return list(company.messages())
