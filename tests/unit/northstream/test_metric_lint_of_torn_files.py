"""`northstream metrics lint` of a workspace whose files cannot all be read: everything is said at once."""

from pathlib import Path

import pytest

from northstream.settings import Settings
from northstream.show_metric_lint import show_metric_lint
from schemas.workspace import write_default_workspace


def edit(path: Path, before: str, after: str) -> int:
    """Change the first place; its line."""
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    return text[: text.index(before)].count("\n") + 1


def test_what_cannot_be_read_hides_no_broken_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt key of one metric and a missing owner of another are said together, each with file and line."""
    workspace = tmp_path / "workspace"
    write_default_workspace(workspace)
    files = sorted((workspace / "metrics").glob("*.yaml"))
    misspelt = edit(files[0], "  owner:", "  ownr:")
    edit(files[1], "  owner:", "  #")
    settings = Settings(data_dir=tmp_path / "data", workspace=workspace)
    assert show_metric_lint(settings, has_numbers=False, is_strict=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"metrics/{files[0].name}:{misspelt}: ") and "ownr" in line for line in lines)
    assert any(line.startswith(f"metrics/{files[1].name}:") and line.endswith("[no-owner]") for line in lines)
    assert not any(line.startswith(f"metrics/{files[0].name}:") and "[no-owner]" in line for line in lines)
