"""What the first-run guide does to a workspace folder: seen first, checked as a whole, written, nothing lost."""

import shutil
import stat
from datetime import date
from decimal import Decimal

import pytest

from northstream.settings import Settings
from northstream.workspace_editing import FolderEditor
from northstream.workspaces import workspace_folder
from schemas.catalogue_files import load_catalogue
from schemas.guide import Aim, ChangedMeanwhile, GuideChoice, NotWritable
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace, write_default_workspace

CHOICE = GuideChoice(
    north_star="arr",
    inputs={"activation": ("aha_rate",), "revenue": ("arpu", "expansion_rate"), "experience": ("nps",)},
    targets={"nps": Aim(Decimal("55.5"), date(2027, 3, 31)), "aha_rate": Aim(Decimal("0.6"))},
    board_label="Revenue: “first” & <best>",
)


SMALL = """\
# What we count.

- {id: %s, label: L, definition: D, unit: count, owner: growth, compute: {count: {event: Account Created}}}
"""
METRICS = ("arpu", "expansion_rate", "nps", "aha_rate", "activations_of_ours")


@pytest.fixture
def settings(tmp_path):
    """The default workspace with a handful of metrics: reading all of them takes its time."""
    folder = tmp_path / "ours"
    write_default_workspace(folder)
    for name in ("metrics", "boards", "alerts"):
        shutil.rmtree(folder / name)
    main = (folder / "workspace.yaml").read_text()
    main = main[: main.index("tree:")] + "tree:\n  revenue: [arpu] # what pays\n"
    (folder / "workspace.yaml").write_text(main.replace("activations", "activations_of_ours"))
    (folder / "metrics").mkdir()
    for name in METRICS:
        (folder / "metrics" / f"{name}.yaml").write_text(SMALL % name)
    arr = "- id: arr # the balance\n  label: ARR\n  definition: D\n  unit: money\n  owner: finance\n"
    (folder / "metrics" / "arr.yaml").write_text(arr + "  compute: {balance: {part: end}} # times twelve\n")
    return Settings(data_dir=tmp_path / "data", workspace=folder)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_plan_writes_nothing_and_says_everything(settings):
    """Board, targets, roles, tree: `workspace.yaml` last, as it names the others."""
    before = contents(settings.workspace)
    plan = FolderEditor(settings).plan(CHOICE)
    assert contents(settings.workspace) == before
    assert plan.findings == ()
    paths = [change.path for change in plan.changes]
    assert paths[0] == "boards/my_board.yaml"
    assert paths[-1] == "workspace.yaml"
    assert plan.changes[0].before is None


def test_what_was_chosen_is_what_the_product_reads(settings):
    """The tree, the targets, the opening board; and every comment of the files is still there."""
    editor = FolderEditor(settings)
    comments = {path: text.count(b"#") for path, text in contents(settings.workspace).items()}
    plan = editor.plan(CHOICE)
    editor.save(CHOICE, plan.base)
    folder = settings.workspace
    catalogue = load_catalogue(folder, load_workspace(folder))
    assert catalogue.tree.metric == "arr"
    assert [(node.branch, node.metric) for node in catalogue.tree.inputs] == [
        ("activation", "aha_rate"),
        ("revenue", "arpu"),
        ("revenue", "expansion_rate"),
        ("experience", "nps"),
    ]
    assert (catalogue.metrics["nps"].target.value, catalogue.metrics["nps"].target.by) == (
        Decimal("55.5"),
        date(2027, 3, 31),
    )
    assert catalogue.metrics["aha_rate"].target.value == Decimal("0.6")
    assert [metric.id for metric in catalogue.metrics.values() if metric.role == "nsm"] == ["arr"]
    board = catalogue.boards[catalogue.opening_board]
    assert (board.id, board.label["en"]) == ("my_board", CHOICE.board_label)
    assert [card.metrics for card in board.sections[1].cards] == [
        ("aha_rate",),
        ("arpu",),
        ("expansion_rate",),
        ("nps",),
    ]
    after = {path: text.count(b"#") for path, text in contents(folder).items()}
    assert {path: n for path, n in after.items() if path in comments} == comments


def test_a_target_without_a_date_keeps_the_one_it_had_and_none_may_be_orange_itself(settings):
    """Colours would be absurd: what is aimed at must be green."""
    path = settings.workspace / "metrics" / "nps.yaml"
    aim = "owner: growth, target: {value: 40, by: 2026-12-31}, orange: 30"
    path.write_text(path.read_text().replace("owner: growth", aim))
    editor = FolderEditor(settings)
    [change] = [each for each in editor.plan(aimed("nps", "45")).changes if each.path == "metrics/nps.yaml"]
    assert "target: {value: 45, by: 2026-12-31}" in change.after
    [finding] = editor.plan(aimed("nps", "25")).findings
    assert finding.startswith("metrics/nps.yaml:3: nps: a target of 25 would be orange itself (orange from 30)")


def aimed(metric, value):
    return GuideChoice("arr", {"experience": ("nps",)}, {metric: Aim(Decimal(value))})


def test_saying_it_again_changes_nothing(settings):
    """What the files say already is left alone."""
    editor = FolderEditor(settings)
    editor.save(CHOICE, editor.plan(CHOICE).base)
    assert editor.plan(CHOICE).changes == ()


def test_what_the_product_could_not_read_is_not_written(settings):
    """A metric that stands in the tree twice, one that is not there, a file that is broken already."""
    editor = FolderEditor(settings)
    before = contents(settings.workspace)
    twice = GuideChoice("arr", {"revenue": ("arpu",), "retention": ("arpu",)})
    plan = editor.plan(twice)
    assert "stands in the tree twice" in plan.findings[0]
    editor.save(twice, plan.base)
    assert editor.plan(GuideChoice("mistyped", {})).findings == ('there is no metric "mistyped" in Northwind Projects',)
    assert contents(settings.workspace) == before
    (settings.workspace / "metrics" / "zz.yaml").write_text("- id: [")
    assert editor.plan(CHOICE).findings[0].startswith("metrics/zz.yaml:1: is not YAML")


def test_files_that_changed_meanwhile_are_not_overwritten(settings):
    """Somebody edits by hand while another clicks."""
    editor = FolderEditor(settings)
    base = editor.plan(CHOICE).base
    with (settings.workspace / "workspace.yaml").open("a") as file:
        file.write("# by hand\n")
    before = contents(settings.workspace)
    with pytest.raises(ChangedMeanwhile):
        editor.save(CHOICE, base)
    assert contents(settings.workspace) == before


def test_without_a_workspace_of_its_own_the_product_gets_one(tmp_path):
    """The default one is copied into the data folder, whole, and used from then on."""
    settings = Settings(data_dir=tmp_path / "data")
    editor = FolderEditor(settings)
    plan = editor.plan(CHOICE)
    assert (plan.is_new_folder, plan.folder) == (True, str(tmp_path / "data" / "workspace"))
    assert not (tmp_path / "data").exists()
    editor.save(CHOICE, plan.base)
    folder = workspace_folder(settings)
    assert folder == tmp_path / "data" / "workspace"
    assert "north_star: arr" in (folder / "workspace.yaml").read_text()
    assert contents(folder).keys() - contents(DEFAULT_WORKSPACE).keys() == {"boards/my_board.yaml"}
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["workspace"]


def test_rights_and_links_of_files_stay(settings, tmp_path):
    """A file that is a link to where people keep it stays a link."""
    main = settings.workspace / "workspace.yaml"
    kept = main.rename(tmp_path / "kept.yaml")
    kept.chmod(0o640)
    main.symlink_to(kept)
    editor = FolderEditor(settings)
    editor.save(CHOICE, editor.plan(CHOICE).base)
    assert main.is_symlink()
    assert "north_star: arr" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.long
def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """The data folder holds something else under that name."""
    (tmp_path / "data" / "workspace").mkdir(parents=True)
    (tmp_path / "data" / "workspace" / "notes.txt").write_text("mine")
    editor = FolderEditor(Settings(data_dir=tmp_path / "data"))
    with pytest.raises(NotWritable, match="workspace"):
        editor.save(CHOICE, editor.plan(CHOICE).base)
