"""The Dockerfile's first stage, walked without Docker: its own RUN and COPY lines, in folders of this machine.

Long: it downloads everything that the lock names. Does not look at the second stage: see `test_dockerfile`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deployment.compose_file import ROOT

ROLES = ("collector", "worker", "loader", "alerter", "boards")


def build(folder: Path) -> Path:
    """Walk the lines; where the image's /opt/northstream came to lie."""
    place, context = folder / "northstream", folder / "build"
    context.mkdir()
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    environment = os.environ | {"EMBEDDED_ENGINE": "no", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in text.split("\nFROM ")[1].splitlines():
        word, _, rest = line.partition(" ")
        if word == "COPY":
            _copy(rest.split(), context)
        elif word == "RUN":
            script = re.sub(r"--mount=\S+", "", rest).replace("/opt/northstream", str(place))
            subprocess.run(["sh", "-euc", script], cwd=context, env=environment, check=True)
    return place


def _copy(words: list[str], context: Path) -> None:
    *sources, destination = words
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / destination, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, context / destination)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_what_the_image_installs_is_enough_for_every_role_of_the_compose_file(tmp_path: Path) -> None:
    """Nothing that is left out (engine, pip, setuptools) is needed, and the lock has all that is."""
    place = build(tmp_path)
    bare = {"PATH": f"{place}/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    left_out = ("chdb", "pyarrow", "pandas", "numpy", "pip", "setuptools")
    probe = f"import importlib.util as u; print([n for n in {left_out} if u.find_spec(n)])"
    shown = subprocess.run(
        [place / "bin" / "python", "-c", probe], cwd=tmp_path, env=bare, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
    for role in ROLES:
        subprocess.run(
            [place / "bin" / "python", "-c", f"import northstream.roles.{role}"], cwd=tmp_path, env=bare, check=True
        )
    for command in (["settings"], ["migrate", "--help"], *(["run", role, "--help"] for role in ROLES)):
        subprocess.run([place / "bin" / "northstream", *command], cwd=tmp_path, env=bare, check=True, stdout=-3)
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"{size >> 20} MB")
    assert size < 250 << 20, "something large has got into the image"
