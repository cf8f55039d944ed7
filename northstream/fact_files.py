"""A CSV file of facts as an upload, and its errors by line.

Does not judge single values: see `schemas.fact_rows`; sends nothing: see `northstream.facts_command`.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from northstream.failures import UserError
from schemas.fact_rows import FIELDS
from schemas.yaml_lines import did_you_mean

_DELIMITERS = (",", ";", "\t")
_NEEDED = ("date", "value")


@dataclass(frozen=True, slots=True)
class FactFile:
    """`rows` as the read API takes them, `lines[i]` where row i stands in the file (from 1). `problems`: by line."""

    rows: Sequence[Mapping[str, str]]
    lines: Sequence[int]
    problems: Sequence[tuple[int, str]]


def read_fact_file(path: Path, fact: str, uploader: str) -> FactFile:
    """The file's rows; those without a fact of their own are of `fact`.

    Its first line names the columns, parted by commas, semicolons or tabs. Empty lines are left out.

    Raises:
        UserError: it cannot be read at all, or its first line does not say what the columns are.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text; save it as CSV (UTF-8)") from error
    numbered = _numbered(path, text)
    _, header = next(numbered, (1, []))
    return _read(numbered, _columns(path, header, fact), {"fact": fact, "uploader": uploader})


def _numbered(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with the line that it begins on."""
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}:{line}: {error}") from error


def _columns(path: Path, header: Sequence[str], fact: str) -> list[str]:
    columns = [name.strip().lower() for name in header]
    problems = [f'there is no column "{name}"{did_you_mean(name, FIELDS)}' for name in columns if name not in FIELDS]
    problems += [f'"{name}" stands there twice' for name in dict.fromkeys(columns) if columns.count(name) > 1]
    needed = _NEEDED if fact else ("fact", *_NEEDED)
    problems += [f'the column "{name}" is missing' for name in needed if name not in columns]
    if problems:
        raise UserError(
            f"{path}:1: the first line must name the columns ({', '.join(FIELDS)}):\n" + "\n".join(problems)
        )
    return columns


def _read(numbered: Iterable[tuple[int, list[str]]], columns: Sequence[str], usual: Mapping[str, str]) -> FactFile:
    rows: list[Mapping[str, str]] = []
    lines: list[int] = []
    problems: list[tuple[int, str]] = []
    for line, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            problems.append((line, _of_length(len(cells), len(columns))))
            continue
        said = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if cell.strip()}
        rows.append({name: text for name, text in usual.items() if text} | said)
        lines.append(line)
    return FactFile(rows, lines, problems)


def _of_length(cells: int, columns: int) -> str:
    return (
        f"{cells} cells where the first line names {columns} columns"
        " (a comma between a number's digits would make one more: write a point before decimals)"
    )
