"""`.env`: what .env.example asks for, and what deploy/make-env.sh fills in."""

import hashlib
import re
import subprocess

from deployment.compose_file import ROOT, read_variables


def test_the_example_asks_for_everything_and_has_nothing_usable(variables: dict[str, str]) -> None:
    """Somebody who copies it and starts is told what is missing."""
    example = read_variables(ROOT / ".env.example")
    assert set(example) == set(variables)
    assert set(example.values()) == {""}


def test_each_run_makes_other_secrets_and_fitting_hashes(variables: dict[str, str]) -> None:
    """Random where nobody must guess; ClickHouse is told the SHA-256 of the very password that the roles send."""
    again = subprocess.run(
        ["sh", "deploy/make-env.sh", "http://127.0.0.1:9/"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    secrets = [name for name in variables if not name.endswith("_URL")]
    assert not {variables[name] for name in secrets} & set(again.stdout.replace("=", "\n").split())
    for user in ("WRITER", "READER"):
        password = variables[f"CLICKHOUSE_{user}_PASSWORD"]
        assert len(password) == 48
        assert variables[f"CLICKHOUSE_{user}_PASSWORD_SHA256"] == hashlib.sha256(password.encode()).hexdigest()


def test_kafka_takes_the_clusters_name(variables: dict[str, str]) -> None:
    """22 characters of base64 for addresses; a leading dash would be taken for an option."""
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", variables["KAFKA_CLUSTER_ID"])


def test_without_an_address_for_alerts_nothing_is_made() -> None:
    """Alerts that go nowhere look like health."""
    done = subprocess.run(["sh", "deploy/make-env.sh"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert not done.stdout
    assert "where alerts shall be posted" in done.stderr


def test_git_never_takes_the_filled_in_file() -> None:
    """Passwords in a repository are passwords given away."""
    ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=ROOT)
    assert ignored.returncode == 0
