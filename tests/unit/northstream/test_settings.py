"""Where settings come from, and which source counts."""

import subprocess
import sys
from pathlib import Path

import pytest

from northstream.failures import UserError
from northstream.settings import Settings, from_texts, resolve, to_texts, unknown_variables


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    """The nearest to the person who starts it counts; the source is told."""
    file = tmp_path / "settings.yaml"
    file.write_text("PORT: 1\nclickhouse_port: 1\nhost: file\n")
    resolved = resolve(
        {"config": str(file), "port": "3"}, {"NORTHSTREAM_PORT": "2", "NORTHSTREAM_CLICKHOUSE_PORT": "2"}
    )
    settings, sources = resolved.settings, resolved.sources
    assert (settings.port, settings.clickhouse_port, settings.host, settings.partitions) == (3, 2, "file", 4)
    assert [sources[name] for name in ("port", "clickhouse_port", "host", "partitions")] == [
        "--port",
        "NORTHSTREAM_CLICKHOUSE_PORT",
        str(file),
        "default",
    ]


def test_paths_of_the_file_are_relative_to_it(tmp_path: Path) -> None:
    """A file can be used from anywhere."""
    file = tmp_path / "settings.yaml"
    file.write_text("data_dir: kept\n")
    assert resolve({"config": str(file)}, {}).settings.data_dir == tmp_path / "kept"


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    """As a container does."""
    file = tmp_path / "settings.yaml"
    file.write_text("port: 9\n")
    assert resolve({}, {"NORTHSTREAM_CONFIG": str(file)}).settings.port == 9


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    """With their source; a secret's value is not repeated."""
    with pytest.raises(UserError) as error:
        resolve({"port": "70000"}, {"NORTHSTREAM_WRITE_KEY": "a:b", "NORTHSTREAM_LOG_LEVEL": "loud"})
    assert str(error.value).splitlines() == [
        '--port: "70000" cannot be used: a port is a number from 0 to 65535',
        "NORTHSTREAM_WRITE_KEY: its value cannot be used: a key is printable ASCII without spaces and colons",
        'NORTHSTREAM_LOG_LEVEL: "loud" cannot be used: it must be debug, info, warning or error',
    ]


@pytest.mark.parametrize("content", ["- port\n", "port: [", "\x00"])
def test_a_file_that_is_no_mapping_is_told(content: str, tmp_path: Path) -> None:
    """Not a trace."""
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    with pytest.raises(UserError, match=r"settings\.yaml"):
        resolve({"config": str(file)}, {})


def test_a_misspelt_variable_is_found() -> None:
    """It would have no effect, silently."""
    assert unknown_variables({"NORTHSTREAM_PROT": "1", "NORTHSTREAM_PORT": "1", "PATH": ""}) == [
        'NORTHSTREAM_PROT is no setting; did you mean "NORTHSTREAM_PORT"?'
    ]


def test_children_get_the_same_settings(tmp_path: Path) -> None:
    """Every value survives the way through text."""
    settings = Settings(data_dir=tmp_path, workspace=tmp_path / "w", port=1, write_key="wk", events_per_second=5)
    assert from_texts(to_texts(settings)) == settings
    assert from_texts(to_texts(Settings(data_dir=tmp_path))) == Settings(data_dir=tmp_path)


def test_reading_settings_does_not_load_the_engine() -> None:
    """`northstream settings` and every mistake answer at once: chDB alone takes half a second to import."""
    check = (
        "import sys, northstream.cli, northstream.supervisor; sys.exit('chdb' in sys.modules or 'faust' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_a_setting_that_somebody_has_set_is_known_even_with_its_default() -> None:
    """Roles without an HTTP contract bind `PORT` only if somebody has set it."""
    assert not resolve({}, {}).is_set("port")
    assert resolve({}, {"NORTHSTREAM_PORT": "8000"}).is_set("port")
    assert resolve({"port": "8000"}, {}).is_set("port")


@pytest.mark.parametrize("brokers", ["kafka", "kafka:", ":9092", "kafka:9092;other:9092", "http://kafka:9092"])
def test_brokers_that_no_client_could_reach_are_refused(brokers: str) -> None:
    """A mistake is told before anything waits for it."""
    with pytest.raises(UserError, match="brokers are written host:port"):
        resolve({}, {"NORTHSTREAM_KAFKA": brokers})
