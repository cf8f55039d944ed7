"""What an installed NorthStream needs besides Python modules is packaged."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = [name.removesuffix("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_data_file_is_packaged(package: str) -> None:
    """SQL, YAML, pages, scripts, styles, fonts and licences: a kind that nobody named would be left out of a wheel."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    files = [path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    others = [path for path in files if path.suffix != ".py"]
    assert [path for path in others if not any(fnmatch(path.name, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_data_files_lie_within_packages(package: str) -> None:
    """setuptools takes data from folders it sees as packages, those without a module of their own included."""
    for path in (ROOT / package).rglob("*.*"):
        assert all(part.isidentifier() for part in path.parent.relative_to(ROOT).parts), path
