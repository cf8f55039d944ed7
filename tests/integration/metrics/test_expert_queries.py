"""Metrics of the kind `sql`: an expert may read everything of ours, change nothing, and reach nothing outside."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from metrics.asked_rows import Asked
from metrics.asking import WHOLE, Ask, Bucket, Pair
from metrics.dimensions import Dimensions
from metrics.expert import answer
from northstream.parts.embedded_expert import EmbeddedExpert
from schemas.computes import Sql
from schemas.definitions import StreamDefinitions
from schemas.measuring import NotComputable, Segment, UnknownDimension
from warehouse.client import DATABASE, Warehouse
from warehouse.migrate import migrate

STREAM = StreamDefinitions("Europe/Paris", frozenset(("track",)), frozenset(), "Account Created", frozenset())
DAYS = [date(2026, 11, day) for day in range(1, 8)]
EACH = Ask([Bucket(day, day) for day in DAYS])
WEEK = Ask([Bucket(DAYS[0], DAYS[-1])])
NUMBERS = "SELECT {first:Date} + number AS day, number + 0.25 AS value FROM numbers(7) WHERE day <= {last:Date};  "


@pytest.fixture(scope="module")
def expert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedExpert]:
    path = tmp_path_factory.mktemp("expert")
    warehouse = Warehouse.embedded(path, size=1)
    migrate(warehouse)
    yield EmbeddedExpert(path)
    warehouse.close()


def asked(ask: Ask) -> Asked:
    return Asked(ask, STREAM, Dimensions(), 0)


def test_days_become_buckets(expert: EmbeddedExpert) -> None:
    """Summed, or the value of the last day; numbers are exact."""
    days = answer(Sql(NUMBERS), asked(EACH), expert)[WHOLE]
    assert days == {day: Pair(Decimal(f"{number}.25")) for number, day in enumerate(DAYS)}
    assert answer(Sql(NUMBERS), asked(WEEK), expert)[WHOLE] == {DAYS[0]: Pair(Decimal("22.75"))}
    assert answer(Sql(NUMBERS, "last_day"), asked(WEEK), expert)[WHOLE] == {DAYS[0]: Pair(Decimal("6.25"))}


def test_a_share_keeps_numerator_and_denominator(expert: EmbeddedExpert) -> None:
    """A week of shares is the sum of what is above over the sum of what is below, not a mean of shares."""
    query = "SELECT {first:Date} + number, number, toUInt64(10) FROM numbers(3) WHERE {last:Date} > '2020-01-01' -- x"
    assert answer(Sql(query), asked(WEEK), expert)[WHOLE] == {DAYS[0]: Pair(Decimal(3), Decimal(30))}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"INSERT INTO {DATABASE}.events (message_id) SELECT 'x'", "Syntax error"),
        (f"SELECT today(), 1) ; DROP TABLE {DATABASE}.events; SELECT (1", "Syntax error"),
        ("SELECT today(), length(file('/etc/hostname'))", "may not use the function file"),
        ("SELECT today(), * FROM url('http://127.0.0.1:1/', 'TSV', 'a UInt8')", "may not use the table function url"),
        ("SELECT today(), * FROM system.processes", "may not use the table system.processes"),
        ("SELECT today(), length(groupArray(number)) FROM numbers(100000000)", "emory limit"),
        ("SELECT today() + number % 100, number FROM numbers(20000)", "more than 10000 rows"),
        ("SELECT 'monday', 1", "must give"),
        ("SELECT today()", "must give"),
        ("SELECT today(), 'many'", "numbers"),
        ("SELECT today(), 1 FROM no_such_table", "no_such_table"),
    ],
)
def test_what_goes_too_far_is_refused_with_its_reason(query: str, words: str, expert: EmbeddedExpert) -> None:
    """The metric has no value then, and says why."""
    with pytest.raises(NotComputable, match=words):
        answer(Sql(query), asked(EACH), expert)


def test_nobody_knows_its_segments(expert: EmbeddedExpert) -> None:
    """What a query counts by is its own affair."""
    with pytest.raises(UnknownDimension):
        answer(Sql(NUMBERS), asked(Ask(EACH.buckets, (Segment("plan", "pro"),))), expert)
