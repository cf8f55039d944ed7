"""People at rest: memory for each, and how long a worker takes to own a million of them again.

Does not measure applying: see `bench.stream`. The people are the demo's, made many by copies with other ids.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.demo_people import State, copies, demo_partitions
from bench.recovery import PARTITIONS, Recovered
from bench.tables import show, whole
from schemas.checkpoints import Head, Header, Owner, PersonRow, Positions, Segment, Tag
from schemas.partitioning import person_partition
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.core.definitions import Compiled
from stream.core.partition import Partition
from stream.core.people import Moved
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore

PEOPLE = 1_000_000
_ROWS_AT_ONCE = 100_000
_OWNER = Owner(1, 1)
_TAG = Tag(*_OWNER, 1)

DEFINITIONS = load_workspace(DEFAULT_WORKSPACE).stream


def main() -> None:
    """Print memory and recovery for both ways in which a history can have arrived."""
    rows = []
    for title, at_once in (
        ("received as it happened", False),
        ("imported at once, so that no copy is forgotten", True),
    ):
        partitions = demo_partitions(DEFINITIONS, PARTITIONS, at_once)
        with TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            bytes_each = store(folder, partitions)
            rows.append(_row(title, bytes_each, recover(folder)))
    columns = ["people", "persons", "bytes at rest", "memory, B a person", "claim → ready, s", "→ numbers published, s"]
    note = (
        "The demo's mix of people (signed up, visitors, devices that moved to a user) under a million ids, loaded "
        "from a checkpoint in the embedded warehouse by a new process. Memory: its growth 12 s later ÷ persons."
    )
    show("Stream: people at rest", columns, rows, note)


def store(folder: Path, partitions: list[Partition]) -> float:
    """Write a checkpoint of `PEOPLE` people; mean bytes of a state."""
    warehouse = Warehouse.embedded(folder / "warehouse")
    migrate(warehouse)
    size = write_checkpoint(warehouse, partitions)
    warehouse.close()
    LocalLog(folder / "events.db", EVENT_TOPICS, PARTITIONS).close()
    LocalLog(folder / "handoffs.db", HANDOFF_TOPICS, PARTITIONS).close()
    return size / PEOPLE


def write_checkpoint(warehouse: Warehouse, partitions: list[Partition]) -> int:
    """Write `PEOPLE` people as a worker of empty logs would have left them; bytes of all states.

    Counters are those of the people before they were copied: none are published.
    """
    people = PeopleStore(warehouse)
    people.write_claims(dict.fromkeys(range(len(partitions)), _OWNER))
    states = [state for one in partitions for state in one.people.take_touched(one.generation)]
    size = _write_people(people, copies(states, PEOPLE), len(partitions))
    headers = [_header(number, one) for number, one in enumerate(partitions)]
    people.write_headers(headers)
    people.write_heads([Head(header.partition, header.tag, header.positions) for header in headers])
    return size


def recover(folder: Path) -> Recovered:
    """Own the people again in a process of its own, whose memory nothing else has used."""
    command = (sys.executable, "-m", "bench.recovery", str(folder))
    output = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True, check=True)
    return Recovered(**json.loads(output.stdout))


def _write_people(people: PeopleStore, states: Iterable[State], partitions: int) -> int:
    size, states = 0, iter(states)
    while block := [_row_of(*state, partitions) for state in islice(states, _ROWS_AT_ONCE)]:
        people.write_people(block)
        size += sum(len(row.state) for row in block if not row.moved_to)
    return size


def _row_of(person_id: str, state: object, data: bytes, partitions: int) -> PersonRow:
    moved_to = str(state) if isinstance(state, Moved) else ""
    partition = person_partition(person_id, partitions)
    return PersonRow(partition, person_id, _TAG, data, moved_to, None, None, 0, None, None, (), ())


def _header(number: int, state: Partition) -> Header:
    summary = state.take_snapshot().summary
    digest = Compiled(DEFINITIONS).digest
    return Header(number, _TAG, Positions(0, 0), summary, state.watermark_ms, digest, (Segment(*_TAG),))


def _row(title: str, bytes_each: float, recovered: Recovered) -> list[str]:
    return [
        title,
        whole(recovered.persons),
        f"{bytes_each:.0f} B",
        f"{recovered.grown_bytes / recovered.persons:.0f}",
        f"{recovered.ready_seconds:.1f}",
        f"{recovered.published_seconds:.1f}",
    ]
