"""Lines that the warehouse cannot read: found by halving, so that one never stops the rest.

Does not judge events: whatever the plan accepted is readable unless a program is wrong. Where such lines go:
`warehouse.dead_letters`.
"""

from collections.abc import Callable, Sequence

from warehouse.batches import lines_in
from warehouse.client import DATABASE, UnreadableLines, Warehouse

MAX_UNREADABLE = 1_000
"""More in one load than this is no accident of single lines but a wrong release: then loading stops."""

IsReadable = Callable[[bytes], bool]


class TooManyUnreadable(Exception):
    """So many lines of one load cannot be read that putting them aside would drain the log."""


def check_statement(table: str) -> str:
    """Makes a table that reads lines as another does and keeps nothing."""
    return f"CREATE OR REPLACE TABLE {DATABASE}.{table}_check AS {DATABASE}.{table} ENGINE = Null"


def check_table(warehouse: Warehouse, table: str, columns: Sequence[str]) -> IsReadable:
    """A question to the warehouse whether it can read lines, which stores nothing."""
    warehouse.define(check_statement(table))

    def is_readable(lines: bytes) -> bool:
        try:
            warehouse.insert_lines(f"{table}_check", columns, lines, {})
        except UnreadableLines:
            return False
        return True

    return is_readable


def split_lines(lines: bytes, is_readable: IsReadable) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The readable lines, and the unreadable ones with their numbers (from 0).

    Raises:
        TooManyUnreadable: see `MAX_UNREADABLE`.
    """
    every = lines_in(lines)
    bad: set[int] = set()
    stretches = [range(len(every))]
    while stretches:
        stretch = stretches.pop()
        if is_readable(b"".join(every[stretch.start : stretch.stop])):
            continue
        if len(stretch) == 1:
            bad.add(stretch.start)
            if len(bad) > MAX_UNREADABLE:
                raise TooManyUnreadable(f"more than {MAX_UNREADABLE} lines of one load cannot be read")
            continue
        middle = (stretch.start + stretch.stop) // 2
        stretches += [range(stretch.start, middle), range(middle, stretch.stop)]
    readable = b"".join(line for number, line in enumerate(every) if number not in bad)
    return readable, [(number, every[number]) for number in sorted(bad)]
