"""The catalogue read anew while the product runs, and definitions that change without a new version."""

import shutil
from pathlib import Path

import pytest

from northstream.failures import UserError
from northstream.live_catalogue import LiveCatalogue
from northstream.published_metrics import FILE_NAME, PublishedMetrics
from northstream.settings import Settings
from northstream.workspaces import check_workspace
from schemas.catalogue import Catalogue
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

METRIC = """
id: zz_tasks
label: {{en: "{label}", fr: Tâches}}
unit: count
version: {version}
status: {status}
compute: {{count: {{event: {event}}}}}
"""


def write(
    folder: Path, label: str = "Tasks", version: int = 1, event: str = "Task Completed", status: str = "active"
) -> None:
    text = METRIC.format(label=label, version=version, event=event, status=status)
    (folder / "metrics" / "zz_tasks.yaml").write_text(text, "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(DEFAULT_WORKSPACE, tmp_path / "workspace"))
    write(folder)
    return folder


@pytest.fixture
def live(folder: Path, tmp_path: Path) -> LiveCatalogue:
    return LiveCatalogue(lambda: folder, load_workspace(folder), PublishedMetrics(tmp_path))


def settle(live: LiveCatalogue) -> None:
    """Two looks: one finds the change, the next finds it steady."""
    live.look()
    live.look()


def label(live: LiveCatalogue) -> str:
    return live.current().metrics["zz_tasks"].label["en"]


def test_an_edit_is_in_use_when_a_look_finds_it_steady(folder: Path, live: LiveCatalogue) -> None:
    """A file that is being written is left alone; who asked to be told is told once."""
    told: list[Catalogue] = []
    live.on_change.append(told.append)
    write(folder, label="Finished tasks")
    assert not live.look()
    assert label(live) == "Tasks"
    assert live.look()
    assert not live.look()
    assert label(live) == "Finished tasks"
    assert told == [live.current()]


def test_a_new_file_a_removed_one_and_a_board_are_noticed(folder: Path, live: LiveCatalogue) -> None:
    """Anything of the catalogue may come and go."""
    (folder / "metrics" / "zz_tasks.yaml").rename(folder / "metrics" / "zz_other.yaml")
    settle(live)
    assert live.current().metrics["zz_tasks"].file == "metrics/zz_other.yaml"
    (folder / "boards").mkdir(exist_ok=True)
    (folder / "boards" / "zz.yaml").write_text(
        "id: zz\nsections: [{label: One, cards: [{number: zz_tasks}]}]\n", "utf-8"
    )
    settle(live)
    assert "zz" in live.current().boards
    (folder / "boards" / "zz.yaml").unlink()
    (folder / "metrics" / "zz_other.yaml").unlink()
    settle(live)
    assert "zz_tasks" not in live.current().metrics
    assert live.findings() == ()


def test_a_broken_edit_keeps_the_old_catalogue_and_says_why(folder: Path, live: LiveCatalogue) -> None:
    """Nobody loses a number to a typing error; mended, the findings are gone."""
    write(folder, event="Task Complete")
    settle(live)
    assert label(live) == "Tasks"
    assert live.findings() == (
        'metrics/zz_tasks.yaml:7: "Task Complete" is no planned event; did you mean "Task Completed"?',
    )
    write(folder, label="Done")
    settle(live)
    assert (label(live), live.findings()) == ("Done", ())


def test_a_definition_that_changes_needs_a_new_version(folder: Path, live: LiveCatalogue, tmp_path: Path) -> None:
    """Periods would mix definitions: refused while running, and at the next start, and taken with a new version."""
    message = (
        "metrics/zz_tasks.yaml:2: zz_tasks: its definition differs from the published one of version 1; "
        'write "version: 2", or take the change back [definition-changed-without-version]'
    )
    write(folder, event="Report Shared")
    settle(live)
    assert live.findings() == (message,)
    with pytest.raises(UserError, match="definition-changed-without-version"):
        check_workspace(Settings(data_dir=tmp_path, workspace=folder))
    write(folder, event="Report Shared", version=2)
    settle(live)
    assert live.findings() == ()
    assert live.current().metrics["zz_tasks"].version == 2
    check_workspace(Settings(data_dir=tmp_path, workspace=folder))


def test_going_back_to_a_published_version_is_allowed(folder: Path, live: LiveCatalogue) -> None:
    """What was published as version 1 may be used as version 1 again; under 2 it is another definition."""
    write(folder, event="Report Shared", version=2)
    settle(live)
    write(folder, version=2)
    settle(live)
    assert "published one of version 2" in live.findings()[0]
    write(folder, version=1)
    settle(live)
    assert (live.findings(), live.current().metrics["zz_tasks"].version) == ((), 1)


def test_a_candidate_may_still_change(folder: Path, live: LiveCatalogue) -> None:
    """While a metric is tried out, nobody has been promised its numbers."""
    (folder / "metrics" / "zz_tasks.yaml").unlink()
    settle(live)
    text = METRIC.replace("zz_tasks", "zz_new")
    for event in ("Task Completed", "Report Shared"):
        draft = text.format(label="New", version=1, event=event, status="candidate")
        (folder / "metrics" / "zz_new.yaml").write_text(draft, "utf-8")
        settle(live)
        assert live.findings() == ()


def test_after_a_restart_a_changed_definition_is_used_and_said(folder: Path, tmp_path: Path) -> None:
    """A process that starts again after a crash must not stay away; it says what is wrong until it is mended."""
    LiveCatalogue(lambda: folder, load_workspace(folder), PublishedMetrics(tmp_path))
    write(folder, event="Report Shared")
    again = LiveCatalogue(lambda: folder, load_workspace(folder), PublishedMetrics(tmp_path))
    assert "zz_tasks" in again.current().metrics
    assert len(again.findings()) == 1


def test_a_folder_that_is_made_while_running_is_found(folder: Path, tmp_path: Path) -> None:
    """The first-run guide makes the workspace."""
    folders = [DEFAULT_WORKSPACE]
    live = LiveCatalogue(lambda: folders[0], load_workspace(DEFAULT_WORKSPACE))
    assert "zz_tasks" not in live.current().metrics
    folders[0] = folder
    settle(live)
    assert "zz_tasks" in live.current().metrics


def test_a_damaged_list_of_published_definitions_is_said(folder: Path, tmp_path: Path) -> None:
    """One sentence on what to do."""
    (tmp_path / FILE_NAME).write_text("[]", "utf-8")
    with pytest.raises(UserError, match="remove it to forget"):
        check_workspace(Settings(data_dir=tmp_path, workspace=folder))
