"""One computer for all kinds that are made of no others: each goes to who knows it, and fails in one way only.

Computes nothing itself.
"""

from collections.abc import Mapping

from clickhouse_connect.driver.exceptions import ClickHouseError

from metrics.asking import Answer, Ask, Computer
from schemas.computes import Compute, Counter, Sql
from schemas.measuring import NotComputable, UnknownDimension
from schemas.reading import ReadingUnavailable

_MOST_SHOWN = 300


class Dispatcher:
    """Implements `metrics.asking.Computer`."""

    def __init__(self, computers: Mapping[type, Computer], otherwise: Computer | None = None) -> None:
        """`computers` by kind; `otherwise`: of all other kinds, and of counters by segment."""
        self._computers = computers
        self._otherwise = otherwise

    def compute(self, compute: Compute, ask: Ask) -> Answer:
        """Raises NotComputable for whatever the definition is to blame for, UnknownDimension, ReadingUnavailable."""
        computer = self._computer(compute, ask)
        try:
            return computer.compute(compute, ask)
        except UnknownDimension:
            raise
        except ReadingUnavailable as error:
            # What an expert's query asks too much of may be well otherwise.
            if isinstance(compute, Sql):
                raise NotComputable(first_line(error)) from error
            raise
        except ClickHouseError as error:
            raise NotComputable(first_line(error)) from error
        except (ArithmeticError, LookupError, ValueError) as error:
            raise NotComputable(f"{type(error).__name__}: {first_line(error)}") from error

    def _computer(self, compute: Compute, ask: Ask) -> Computer:
        found = self._computers.get(type(compute))
        if isinstance(compute, Counter) and (ask.filters or ask.split):
            found = self._otherwise
        found = found or self._otherwise
        if found is None:
            raise NotComputable(f"nothing here computes {type(compute).__name__}")
        return found


def first_line(error: Exception) -> str:
    """What an error says, short enough for a card."""
    text = str(error).strip()
    return (text.splitlines() or [""])[0][:_MOST_SHOWN]
