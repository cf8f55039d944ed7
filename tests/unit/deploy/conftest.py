"""What the tests of the deployment's files start from.

Does not start any service.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deployment.compose_file import ROOT, compose, read_variables
from deployment.promtool import Promtool, PromtoolMissing, fetched_promtool


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A `.env` as deploy/make-env.sh writes it."""
    made = subprocess.run(
        ["sh", "deploy/make-env.sh", "http://127.0.0.1:9/alerts", "http://127.0.0.1:9/heartbeat"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_text(made.stdout)
    return read_variables(path)


@pytest.fixture(scope="session")
def project(variables: dict[str, str]) -> dict[str, Any]:
    """docker-compose.yml with those variables."""
    return compose(variables)


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Runs promtool with arguments; what it printed. A failure is an assertion with its words."""
    try:
        program = fetched_promtool()
    except PromtoolMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))

    def run(*arguments: str | Path) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
