"""A worker frozen at an exact write, past its session, while another takes over; then it wakes and goes on writing."""

import signal
import time

import pytest
from integration.kafka_stream.company import Company, wait_until
from integration.stream.collected import later
from properties.random_histories import random_history

pytestmark = pytest.mark.timeout(900)

BETWEEN_ROWS_AND_HEADER = ("write_headers", 2)
BETWEEN_CLAIM_AND_FIRST_HEADER = ("write_headers", 1)
BETWEEN_LOOK_AND_CLAIM = ("write_claims", 1)
BETWEEN_COUNTERS_AND_HEAD = ("write_heads", 2)
BETWEEN_CLAIM_AND_FIRST_HEAD = ("write_heads", 1)
BEFORE_OVERRIDES = ("write_overrides", 1)


@pytest.mark.parametrize(
    "write",
    [
        BETWEEN_ROWS_AND_HEADER,
        BETWEEN_CLAIM_AND_FIRST_HEADER,
        *(
            pytest.param(write, marks=pytest.mark.long)
            for write in (
                BETWEEN_LOOK_AND_CLAIM,
                BETWEEN_COUNTERS_AND_HEAD,
                BETWEEN_CLAIM_AND_FIRST_HEAD,
                BEFORE_OVERRIDES,
            )
        ),
    ],
)
def test_what_a_frozen_worker_writes_on_waking_changes_no_number(company: Company, write: tuple[str, int]) -> None:
    """Kafka fences its commits but not its inserts: epochs and lineages make them harmless."""
    company.send(random_history(11, 40))
    sleeper = company.start_worker(freeze_before=write, worker={"checkpoint_seconds": 0.1})
    wait_until(lambda: sleeper.is_frozen() or _goes_on(company), "the first worker froze")
    heir = company.start_worker()
    wait_until(lambda: heir.said("partitions taken"), "the other has taken over")
    company.send(later(company.sent, random_history(12, 40)))
    company.settle()
    assert company.numbers() == company.expected()
    sleeper.send(signal.SIGCONT)
    wait_until(lambda: sleeper.said('"woke"'), "the frozen worker writes what it held")
    company.send(later(company.sent, random_history(13, 20)))
    wait_until(lambda: sleeper.starts == 2 or sleeper.log.read_text().count("partitions taken") > 1, "it has noticed")
    company.settle()
    assert company.numbers() == company.expected()


def _goes_on(company: Company) -> bool:
    """More to count now and then, so that another round of writes comes; never the end of waiting."""
    time.sleep(0.5)
    company.send(later(company.sent, random_history(len(company.sent), 3)))
    return False
