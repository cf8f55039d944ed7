"""Every setting, once: its name, default and meaning; and how all of them are found.

Does not open or make anything: keys are kept by `northstream.keys`, the workspace is read by `schemas.workspace`.

Precedence, strongest first: command-line flag, environment (`NORTHSTREAM_PORT`), the YAML file (`port:`), the default.
The YAML file is `--config`, else `NORTHSTREAM_CONFIG`, else `northstream.yaml` in the current folder if it is there.
Relative paths are relative to the current folder, in the YAML file to the file's folder.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from northstream.failures import UserError
from northstream.setting_values import (
    read_brokers,
    read_cluster_name,
    read_count,
    read_key,
    read_level,
    read_optional_path,
    read_path,
    read_port,
    read_server_url,
    read_size,
    read_topic_prefix,
)
from schemas.yaml_lines import did_you_mean

PREFIX = "NORTHSTREAM_"
CONFIG_NAME = "northstream.yaml"
DEFAULT = "default"
"""The source of a value that nobody has set."""

Value = TypeVar("Value")


def setting(default: Value, read: Callable[[str], Value], meaning: str, secret: bool = False) -> Value:
    """Declare a field of `Settings`; `read` turns text into the value and raises ValueError with the reason."""
    return field(default=default, metadata={"read": read, "meaning": meaning, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the name of each in the environment is `NORTHSTREAM_` and its field's name in capitals."""

    data_dir: Path = setting(Path("data"), read_path, "folder of everything that is kept; one process at a time")
    workspace: Path | None = setting(None, read_optional_path, "workspace folder; unset: the default workspace")
    host: str = setting("127.0.0.1", str, "address of collector, API and pages, which are free on loopback only")
    port: int = setting(8000, read_port, "port of collector, API and pages; 0: any free one")
    clickhouse_port: int = setting(8123, read_port, "port of the SQL interface; 0: any free one")
    write_key: str = setting("", read_key, "key that may send; unset: generated once and kept", secret=True)
    secret_key: str = setting("", read_key, "key that may read, alias and send; unset: generated once", secret=True)
    kafka: str = setting("", read_brokers, "brokers as host:port,…; unset: the embedded log")
    kafka_prefix: str = setting("northstream.", read_topic_prefix, "prefix of topic and group names in Kafka")
    kafka_replication: int = setting(1, read_size, "brokers that keep each record; `migrate` makes topics so")
    kafka_retention_hours: int = setting(168, read_size, "how long Kafka keeps records; `migrate` makes topics so")
    clickhouse_url: str = setting("", read_server_url, "ClickHouse server; unset: the embedded engine")
    clickhouse_user: str = setting("northstream_writer", str, "user of the roles in ClickHouse")
    clickhouse_password: str = setting("", str, "its password; unset: the secret key", secret=True)
    clickhouse_reader: str = setting("northstream_reader", str, "user that `migrate` makes for people and their tools")
    clickhouse_reader_password: str = setting("", str, "its password; unset: it needs none, on the server", secret=True)
    clickhouse_cluster: str = setting("", read_cluster_name, "cluster on whose servers `migrate` makes the tables")
    instance: str = setting("", str, "name of this collector in a cluster; unset: host name and port")
    boards_url: str = setting("", read_server_url, "where people find the boards; unset: http://HOST:PORT")
    collector_url: str = setting("", read_server_url, "where the alerter finds a collector, for the self-watch")
    watch_every: int = setting(10, read_count, "seconds between events of the self-watch; 0: none are sent")
    partitions: int = setting(4, read_size, "partitions of a new log; fixed for its life")
    poison_limit: int = setting(100, read_size, "foreign records among 1,000 of a partition before a role gives up")
    take_seconds: int = setting(25, read_size, "how long a worker may take to load the people of its partitions")
    max_body_bytes: int = setting(512_000, read_size, "largest request body, also when inflated")
    max_event_bytes: int = setting(32_768, read_size, "largest message")
    events_per_second: int = setting(0, read_count, "messages a key may send per second; 0: no limit")
    demo_seed: int = setting(7, read_count, "the simulated company of the demo: each number is another one")
    log_level: str = setting("info", read_level, "debug, info, warning or error")


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings with the source of each value by field name: a flag, the environment, a file, or `default`."""

    settings: Settings
    sources: Mapping[str, str]

    def is_set(self, name: str) -> bool:
        """Whether somebody has set it, even to its default."""
        return self.sources[name] != DEFAULT


def resolve(flags: Mapping[str, str], environ: Mapping[str, str], data_dir: str = "data") -> Resolved:
    """Settings from flags (by field name; texts), environment and the YAML file. `data_dir`: where none is given.

    Raises:
        UserError: with every wrong value at once.
    """
    config = _config_path(flags, environ)
    problems: list[str] = []
    texts = _from_file(config, problems) if config else {}
    by_variable = {PREFIX + item.name.upper(): item.name for item in fields(Settings)}
    for variable, name in by_variable.items():
        if variable in environ:
            texts[name] = (environ[variable], variable)
    texts.update({name: (text, f"--{name.replace('_', '-')}") for name, text in flags.items() if name != "config"})
    texts.setdefault("data_dir", (data_dir, DEFAULT))
    settings = _read_all(texts, problems)
    if problems:
        raise UserError("\n".join(problems))
    return Resolved(settings, {item.name: texts.get(item.name, ("", DEFAULT))[1] for item in fields(Settings)})


def to_texts(settings: Settings) -> dict[str, str]:
    """Every value as the text that `from_texts` reads back."""
    values = {item.name: getattr(settings, item.name) for item in fields(Settings)}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def from_texts(texts: Mapping[str, str]) -> Settings:
    """Settings that a parent process resolved."""
    return _read_all({name: (text, "parent process") for name, text in texts.items()}, [])


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Sentences about environment variables that look like settings and are none."""
    known = [PREFIX + item.name.upper() for item in fields(Settings)] + [PREFIX + "CONFIG"]
    return [
        f"{variable} is no setting{did_you_mean(variable, known)}"
        for variable in sorted(environ)
        if variable.startswith(PREFIX) and variable not in known
    ]


def _read_all(texts: Mapping[str, tuple[str, str]], problems: list[str]) -> Settings:
    values: dict[str, Any] = {}
    for item in fields(Settings):
        if item.name not in texts:
            continue
        text, source = texts[item.name]
        try:
            values[item.name] = item.metadata["read"](text)
        except ValueError as error:
            shown = "its value" if item.metadata["secret"] else f'"{text}"'
            problems.append(f"{source}: {shown} cannot be used: {error}")
    return Settings(**values)


def _config_path(flags: Mapping[str, str], environ: Mapping[str, str]) -> Path | None:
    named = flags.get("config") or environ.get(PREFIX + "CONFIG")
    if named:
        return Path(named)
    usual = Path(CONFIG_NAME)
    return usual if usual.is_file() else None


def _from_file(path: Path, problems: list[str]) -> dict[str, tuple[str, str]]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{path}: cannot be read: {' '.join(str(error).split())}")
        return {}
    if not isinstance(content, dict):
        problems.append(f"{path}: must be a mapping of settings, such as port: 8000")
        return {}
    known = [item.name for item in fields(Settings)]
    texts = {}
    for key, value in content.items():
        name = str(key).lower()
        if name not in known:
            problems.append(f'{path}: unknown setting "{key}"{did_you_mean(name, known)}')
        elif value is not None:
            text = str(path.parent / Path(str(value)).expanduser()) if name in ("data_dir", "workspace") else str(value)
            texts[name] = (text, str(path))
    return texts
