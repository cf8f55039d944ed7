"""The catalogue read anew while the product runs, and definitions that change without a new version."""

import shutil
from pathlib import Path

import pytest

from northstream.failures import UserError
from northstream.live_catalogue import LiveCatalogue
from northstream.published_metrics import FILE_NAME, PublishedMetrics
from northstream.settings import Settings
from northstream.workspace_copy import WorkspaceCopy, load_workspace_to_run
from northstream.workspaces import check_workspace
from schemas.catalogue import Catalogue
from schemas.computes import Count, EventSet
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
    """A workspace of the default plan and one metric."""
    folder = tmp_path / "workspace"
    shutil.copytree(DEFAULT_WORKSPACE / "plan", folder / "plan")
    (folder / "workspace.yaml").write_text("name: One metric\nsignup: Account Created\n", "utf-8")
    (folder / "metrics").mkdir()
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


def restarted(folder: Path, data_dir: Path, copy: WorkspaceCopy | None = None) -> LiveCatalogue:
    """As a process of the product that starts again."""
    settings = Settings(data_dir=data_dir, workspace=folder)
    workspace = load_workspace_to_run(settings) if copy else load_workspace(folder)
    return LiveCatalogue(lambda: folder, workspace, PublishedMetrics(data_dir), copy)


def test_without_a_copy_a_changed_definition_is_used_and_said(folder: Path, tmp_path: Path) -> None:
    """A process that starts again after a crash must not stay away; it says what is wrong until it is mended."""
    restarted(folder, tmp_path)
    write(folder, event="Report Shared")
    again = restarted(folder, tmp_path)
    assert again.current().metrics["zz_tasks"].compute == Count(EventSet(("Report Shared",)))
    assert len(again.findings()) == 1


@pytest.mark.parametrize("event", ["Report Shared", "Report Shard"])
def test_a_start_again_with_broken_files_goes_on_as_before(event: str, folder: Path, tmp_path: Path) -> None:
    """A definition without a new version, or a typing error: what was in use is used, until it is mended."""
    copy = WorkspaceCopy(tmp_path)
    restarted(folder, tmp_path, copy)
    write(folder, event=event)
    again = restarted(folder, tmp_path, copy)
    assert again.current().metrics["zz_tasks"].compute == Count(EventSet(("Task Completed",)))
    assert len(again.findings()) == 1
    write(folder, event="Report Shared", version=2)
    settle(again)
    assert again.current().metrics["zz_tasks"].version == 2
    assert WorkspaceCopy(tmp_path).load() == load_workspace(folder)


def test_a_workspace_that_was_never_whole_is_refused(folder: Path, tmp_path: Path) -> None:
    """There is nothing to go on with."""
    write(folder, event="Task Complete")
    with pytest.raises(UserError, match="Task Complete"):
        load_workspace_to_run(Settings(data_dir=tmp_path, workspace=folder))


def test_a_broken_workspace_is_not_copied(folder: Path, tmp_path: Path) -> None:
    """The copy stays what was in use."""
    copy = WorkspaceCopy(tmp_path)
    copy.keep(folder)
    (folder / "plan" / "product.yaml").write_text("object: 1\n", "utf-8")
    copy.keep(folder)
    kept = copy.load()
    assert kept is not None
    assert "Task Completed" in [event.name for event in kept.plan.events]
    assert {path.name for path in tmp_path.iterdir()} == {"workspace", "workspace_in_use"}


def test_a_folder_that_is_made_while_running_is_found(folder: Path, tmp_path: Path) -> None:
    """The first-run guide makes the workspace."""
    before = Path(shutil.copytree(folder, tmp_path / "before"))
    (before / "metrics" / "zz_tasks.yaml").unlink()
    folders = [before]
    live = LiveCatalogue(lambda: folders[0], load_workspace(before))
    assert "zz_tasks" not in live.current().metrics
    folders[0] = folder
    settle(live)
    assert "zz_tasks" in live.current().metrics


def test_a_damaged_list_of_published_definitions_is_said(folder: Path, tmp_path: Path) -> None:
    """One sentence on what to do."""
    (tmp_path / FILE_NAME).write_text("[]", "utf-8")
    with pytest.raises(UserError, match="remove it to forget"):
        check_workspace(Settings(data_dir=tmp_path, workspace=folder))
