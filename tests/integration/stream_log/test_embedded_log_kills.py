"""What the embedded log keeps beyond the log's protocol when its writer is killed."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.topics import Topic
from stream.log.local import EVENT_TOPICS, LocalLog

_PROCESS = Path(__file__).parents[2] / "contract" / "log" / "log_process.py"


@pytest.mark.parametrize("acknowledged", [1, 40, 160])
def test_an_append_is_all_or_nothing_over_all_partitions(tmp_path: Path, acknowledged: int) -> None:
    """One commit holds the records of all partitions and the low watermark, however its writer ends."""
    path = tmp_path / "events.db"
    place = json.dumps({"driver": "local", "path": str(path)})
    with subprocess.Popen([sys.executable, str(_PROCESS), "append", place], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        groups = [int(line) for line in itertools.islice(child.stdout, acknowledged)]
        child.kill()
        groups += [int(line) for line in child.stdout]
    log = LocalLog(path, EVENT_TOPICS, 4)
    stored = [[found.record.value for found in log.read(Topic.EVENTS, n, 0, max_records=100_000)] for n in range(4)]
    assert stored[0] == stored[1] == stored[2] == stored[3]
    assert stored[0] == [b"%d" % group * 2000 for group in range(len(stored[0]))]
    assert len(groups) <= len(stored[0]) <= len(groups) + 1
    assert log.low_watermarks() == {"child": len(stored[0]) - 1}
    log.close()


def test_a_low_watermark_is_in_the_same_commit_as_its_records(tmp_path: Path) -> None:
    """A reader that sees the one sees the other, without waiting; a closed collector's word stands."""
    path = tmp_path / "events.db"
    log = LocalLog(path, EVENT_TOPICS, 1)
    log.advance("c1", 1000)
    log.close()
    again = LocalLog(path, EVENT_TOPICS, 1)
    assert again.low_watermarks() == {"c1": 1000}
    again.advance("c2", 2000)
    assert again.low_watermarks() == {"c2": 2000}
    again.close()
