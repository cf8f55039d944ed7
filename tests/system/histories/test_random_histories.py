"""Random product histories through a running product, compared with the independent reference for every number."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from reference.histories import History
from reference.messages import HOUR, Sent
from reference.numbers import Definitions, Funnel
from system.histories.comparing import differences
from system.histories.running import Running, northstream, up

PARIS = Definitions(
    timezone="Europe/Paris",
    funnels=(*Definitions().funnels, Funnel("twice", 24 * HOUR, ("Report Shared", "Report Shared", "Task Completed"))),
)


@pytest.fixture(scope="session")
def paris_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default workspace in another time zone (clocks change there), with a funnel that lists a step twice."""
    folder = tmp_path_factory.mktemp("paris") / "workspace"
    subprocess.run(northstream("init", str(folder)), check=True, capture_output=True)
    main = folder / "workspace.yaml"
    main.write_text(main.read_text().replace("timezone: UTC", "timezone: Europe/Paris"))
    steps = [{"event": event, "label": {"en": event}} for event in PARIS.funnels[1].steps]
    funnel = {"id": "twice", "label": {"en": "Twice"}, "window": "24h", "steps": steps}
    (folder / "funnels" / "twice.yaml").write_text(yaml.safe_dump(funnel))
    return folder


def send_history(running: Running, history: History, batches: int) -> list[Sent]:
    """One history, batch after batch; others may be on their way at the same time."""
    sent = []
    for batch in history.batches(batches):
        body, request = batch.sent_at(int(time.time() * 1000))
        assert running.send(batch.path, body, batch.secret) == len(batch.messages)
        sent.append(request)
    return sent


def compare(running: Running, definitions: Definitions, seed: int, rounds: int, batches: int, kept: Path) -> None:
    """Send round after round; after each, everything sent so far must be counted right."""
    history = History(seed, int(time.time() * 1000), definitions.timezone)
    sent: list[Sent] = []
    for number in range(rounds):
        sent += send_history(running, history, batches)
        found = differences(running, sent, definitions)
        if found:
            kept.write_text(json.dumps([vars(request) for request in sent], indent=1, ensure_ascii=False))
            pytest.fail(f"seed {seed}, round {number}, history in {kept}:\n" + "\n".join(found[:40]))


def test_every_number_equals_the_reference(tmp_path: Path) -> None:
    """Late, repeated, shuffled, merged, refused: after every round every number is the contract's."""
    with up(tmp_path / "data") as running:
        compare(running, Definitions(), seed=1, rounds=4, batches=60, kept=tmp_path / "history.json")


def test_every_number_equals_the_reference_where_clocks_change(tmp_path: Path, paris_workspace: Path) -> None:
    """Days of 23 and 25 hours, and a funnel whose step is listed twice."""
    with up(tmp_path / "data", paris_workspace) as running:
        compare(running, PARIS, seed=2, rounds=4, batches=60, kept=tmp_path / "history.json")


def compare_together(running: Running, seeds: range, kept: Path) -> None:
    """Many small histories at once over several connections, no two of which share an id."""
    now_ms = int(time.time() * 1000)
    histories = [History(seed, now_ms, PARIS.timezone, users=4, devices=5, prefix=f"{seed}.") for seed in seeds]
    with ThreadPoolExecutor(8) as connections:
        sending = connections.map(lambda history: send_history(running, history, 5), histories)
        sent = [request for requests in sending for request in requests]
    found = differences(running, sent, PARIS)
    if found:
        kept.write_text(json.dumps([vars(request) for request in sent], indent=1, ensure_ascii=False))
        pytest.fail(f"seeds {seeds}, history in {kept}:\n" + "\n".join(found[:40]))


@pytest.mark.long
def test_three_hundred_small_histories_equal_the_reference(tmp_path: Path, paris_workspace: Path) -> None:
    """Few people who meet often: the density finds what a long history dilutes."""
    with up(tmp_path / "data", paris_workspace) as running:
        compare_together(running, range(1000, 1300), tmp_path / "histories.json")


@pytest.mark.long
@pytest.mark.parametrize("first", range(10_000, 20_000, 500))
def test_ten_thousand_small_histories_equal_the_reference(tmp_path: Path, paris_workspace: Path, first: int) -> None:
    """The same with five hundred others, twenty times."""
    with up(tmp_path / "data", paris_workspace) as running:
        compare_together(running, range(first, first + 500), tmp_path / "histories.json")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_histories_equal_the_reference(tmp_path: Path, paris_workspace: Path, seed: int) -> None:
    """The same with other seeds and many more batches."""
    with up(tmp_path / "data", paris_workspace) as running:
        compare(running, PARIS, seed=seed, rounds=10, batches=100, kept=tmp_path / "history.json")
