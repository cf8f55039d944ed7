"""Keys that nobody has set."""

import stat
from pathlib import Path

import pytest

from northstream.failures import UserError
from northstream.keys import with_keys
from northstream.settings import Settings


def test_keys_are_generated_once_and_kept(tmp_path: Path) -> None:
    """For their owner alone, and never twice the same."""
    first = with_keys(Settings(data_dir=tmp_path))
    assert with_keys(Settings(data_dir=tmp_path)) == first
    assert first.write_key.startswith("wk_")
    assert first.secret_key.startswith("sk_")
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    assert with_keys(Settings(data_dir=tmp_path / "other")).secret_key != first.secret_key


def test_a_key_that_is_set_is_not_kept(tmp_path: Path) -> None:
    """The person who sets it keeps it; the other is generated."""
    settings = with_keys(Settings(data_dir=tmp_path, secret_key="mine"))
    assert settings.secret_key == "mine"
    assert "mine" not in (tmp_path / "keys.json").read_text()
    assert with_keys(Settings(data_dir=tmp_path)).write_key == settings.write_key


def test_with_both_keys_set_nothing_is_written(tmp_path: Path) -> None:
    """A read-only folder is no hindrance then."""
    with_keys(Settings(data_dir=tmp_path, write_key="a", secret_key="b"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_file_is_not_replaced(content: str, tmp_path: Path) -> None:
    """New keys would lock every sender out."""
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(UserError, match=r"keys\.json"):
        with_keys(Settings(data_dir=tmp_path))
    assert (tmp_path / "keys.json").read_text() == content
