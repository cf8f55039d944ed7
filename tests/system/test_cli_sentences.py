"""What the command line says when the user must mend something: clear sentences and exit code 2."""

import json
import socket
from pathlib import Path

import pytest
from system.installation import run


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """Both ports are tried before anything starts, and both are named."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        port, sql = first.getsockname()[1], second.getsockname()[1]
        result = run("up", "--data-dir", "d", "--port", str(port), "--clickhouse-port", str(sql), cwd=tmp_path)
    assert result.returncode == 2
    advice = "is taken; stop the program that uses it, or choose another with"
    assert result.stderr.splitlines() == [
        f"northstream: port {port} on 127.0.0.1 {advice} --port",
        f"port {sql} on 127.0.0.1 {advice} --clickhouse-port",
    ]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A file stands where the folder should be; not even root can write below it."""
    (tmp_path / "file").write_text("")
    result = run("up", "--data-dir", "file/data", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == (
        f"northstream: the data folder {tmp_path}/file/data cannot be written (Not a directory); "
        "choose another with --data-dir, or let this user write there\n"
    )


def test_a_broken_workspace_is_told_whole_with_file_and_line(tmp_path: Path) -> None:
    """All problems at once."""
    assert run("init", "w", cwd=tmp_path).returncode == 0
    for name, old, new in (
        ("workspace.yaml", "signup: Account Created", "signup: Acount Created"),
        ("funnels/onboarding.yaml", "window: 7d", "window: soon"),
    ):
        path = tmp_path / "w" / name
        path.write_text(path.read_text().replace(old, new))
    result = run("up", "--data-dir", "d", "--workspace", "w", "--port", "0", "--clickhouse-port", "0", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"northstream: the workspace {tmp_path}/w cannot be used:",
        'funnels/onboarding.yaml:3: "window" must be a duration such as 7d, 1h or 30s, not "soon"',
        'workspace.yaml:16: "Acount Created" is no planned event; did you mean "Account Created"?',
    ]


def test_wrong_settings_are_told_together(tmp_path: Path) -> None:
    """From wherever they come; a secret is not repeated."""
    (tmp_path / "northstream.yaml").write_text("prot: 1\npartitions: none\n")
    result = run("up", "--port", "http", cwd=tmp_path, NORTHSTREAM_SECRET_KEY="a b")
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        'northstream: northstream.yaml: unknown setting "prot"; did you mean "port"?',
        '--port: "http" cannot be used: a port is a number from 0 to 65535',
        "NORTHSTREAM_SECRET_KEY: its value cannot be used: a key is printable ASCII without spaces and colons",
        'northstream.yaml: "none" cannot be used: it must be a whole number of 1 or more',
    ]


def test_init_writes_a_workspace_once(tmp_path: Path) -> None:
    """A second time would destroy what somebody has written."""
    assert run("init", "w", cwd=tmp_path).returncode == 0
    assert (tmp_path / "w" / "workspace.yaml").is_file()
    again = run("init", "w", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (2, "northstream: w is not empty; choose a new or an empty folder\n")


def test_settings_show_value_source_and_meaning(tmp_path: Path) -> None:
    """Secrets are masked; the strongest source wins."""
    (tmp_path / "northstream.yaml").write_text("port: 9000\nhost: 127.0.0.2\n")
    secret = "sk_0123456789abcdef0123456789abcdef"
    result = run("settings", "--host", "127.0.0.3", cwd=tmp_path, NORTHSTREAM_SECRET_KEY=secret, NORTHSTREAM_PROT="1")
    assert result.returncode == 0
    assert "NORTHSTREAM_PORT = 9000\n    from northstream.yaml; port of collector" in result.stdout
    assert "NORTHSTREAM_HOST = 127.0.0.3\n    from --host;" in result.stdout
    assert "NORTHSTREAM_SECRET_KEY = sk_01…\n    from NORTHSTREAM_SECRET_KEY;" in result.stdout
    assert secret not in result.stdout
    assert 'warning: NORTHSTREAM_PROT is no setting; did you mean "NORTHSTREAM_PORT"?' in result.stdout


def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    """Exit code 1 if a check fails, 0 if none does; each line says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ill = run("doctor", "--data-dir", "d", "--port", port, "--clickhouse-port", "0", cwd=tmp_path)
    assert ill.returncode == 1
    assert f"problem  port {port} on 127.0.0.1 is taken; stop that program or choose another with --port" in ill.stdout
    well = run("doctor", "--data-dir", "d", "--port", "0", "--clickhouse-port", "0", cwd=tmp_path)
    assert well.returncode == 0, well.stdout
    assert "problem" not in well.stdout


def test_plan_lint_names_the_rule(tmp_path: Path) -> None:
    """The default plan is clean; a broken rule is named and the exit code is 1."""
    assert run("plan", "lint", cwd=tmp_path).returncode == 0
    run("init", "w", cwd=tmp_path)
    (tmp_path / "w" / "plan" / "zoo.yaml").write_text("object: Zebra\nverb: Feeds\ndescription: Fed.\n")
    result = run("plan", "lint", "--workspace", "w", cwd=tmp_path)
    assert result.returncode == 1
    assert "Zebra Feeds: name an owner: without one nobody acts [missing-owner]" in result.stdout
    assert "[verb-past-tense]" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["up", "--speed", "9"]])
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    """With the usage, and no trace."""
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "usage: northstream" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_key_file_is_one_sentence(tmp_path: Path) -> None:
    """Making new keys in silence would lock every sender out."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "keys.json").write_text(json.dumps(["a"]))
    result = run("up", "--data-dir", "d", "--port", "0", "--clickhouse-port", "0", cwd=tmp_path)
    assert result.returncode == 2
    assert "holds no keys; restore it, or remove it to have new keys made" in result.stderr
