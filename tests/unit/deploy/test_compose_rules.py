"""docker-compose.yml: valid by the specification's schema, and by the rules that this project sets itself."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from deployment.compose_file import COMPOSE_FILE, ROOT, VariableMissing, compose, read_variables

OURS = ("migrate", "collector", "worker-1", "worker-2", "loader", "alerter", "boards")
KAFKA = ("kafka", "kafka-2", "kafka-3")
ONE_SHOT = ("migrate",)
PUBLISHED = ("collector", "boards", "grafana")
WRITABLE_ROOT = {
    "kafka": "its image writes its configuration",
    "kafka-2": "as kafka",
    "kafka-3": "as kafka",
    "prometheus": "Compose copies secrets into it",
    "alertmanager": "Compose copies secrets into it",
}
SERVICES = tuple(yaml.safe_load(COMPOSE_FILE.read_text())["services"])

Project = dict[str, Any]


def northstream(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("northstream")
    return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)


def test_the_file_is_valid_by_the_specifications_schema(project: Project) -> None:
    """The schema is the one that the package check-jsonschema carries; the file is checked with its variables in."""
    package = importlib.metadata.distribution("check-jsonschema")
    schema = json.loads(
        Path(str(package.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json"))).read_text()
    )
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(project)] == []
    assert not validator.is_valid({"services": {"a": {"imagge": "x"}}}), "the schema refuses nothing"


def test_every_promised_service_is_there() -> None:
    """Issue and documents name them."""
    assert {*OURS, "kafka", "kafka-2", "kafka-3", "clickhouse", "grafana", "prometheus", "alertmanager"} == set(
        SERVICES
    )


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_by_an_exact_version(project: Project, name: str) -> None:
    """`latest`, `4` or `4.3` would be another program tomorrow."""
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+(\.\d+)?", project["services"][name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_only_three_services_are_published_and_on_loopback(project: Project, name: str) -> None:
    """Whoever opens a port to others does so knowingly, by setting a variable."""
    ports = project["services"][name].get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert bool(ports) == (name in PUBLISHED)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_how_it_is_well(project: Project, name: str) -> None:
    """All but the one-shots have a health check, and nobody waits for one that has none."""
    service = project["services"][name]
    assert ("healthcheck" in service) == (name not in ONE_SHOT)
    for other, how in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert how["condition"] == wanted, f"{name} waits for {other}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_and_started_again(project: Project, name: str) -> None:
    """Memory, processors, processes and logs are limited; what ends by itself comes back, one-shots excepted."""
    service = project["services"][name]
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert service.get("stop_grace_period"), "ten seconds are not enough for anything that keeps data"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_that_it_does_not_need(project: Project, name: str) -> None:
    """Not root, no capabilities, no new privileges, and a read-only root unless there is a known reason."""
    service = project["services"][name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) == (name not in WRITABLE_ROOT)


def test_the_inner_network_has_no_way_out(project: Project) -> None:
    """Brokers and warehouse speak without TLS: only on a network that nobody else is on."""
    assert project["networks"]["core"] == {"internal": True}
    for name in (
        "kafka",
        "kafka-2",
        "kafka-3",
        "clickhouse",
        "migrate",
        "worker-1",
        "worker-2",
        "loader",
        "prometheus",
    ):
        assert project["services"][name]["networks"] == ["core"]


def test_no_secret_has_a_default(variables: dict[str, str]) -> None:
    """Each variable of a fresh .env is required: without it Compose says so and starts nothing."""
    compose(variables)
    for missing in variables:
        with pytest.raises(VariableMissing, match=missing):
            compose({name: value for name, value in variables.items() if name != missing})
    text = COMPOSE_FILE.read_text()
    assert not re.search(r"(KEY|PASSWORD|SECRET|SHA256|TOKEN)\w*:-", text)
    for value in re.findall(r"^\s+\w*(?:PASSWORD|SECRET|_KEY)\w*: (.*)$", text, re.MULTILINE):
        assert value.strip('"').startswith("${"), value


def test_secrets_come_from_the_environment_and_every_file_exists(project: Project) -> None:
    """A mount of a file that is not there would be an empty folder."""
    assert all(set(secret) == {"environment"} for secret in project["secrets"].values())
    for name, service in project["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = (ROOT / source).exists() if source.startswith(".") else source in project["volumes"]
            assert known, f"{name}: {volume}"


def test_every_setting_of_ours_is_one(project: Project, tmp_path: Path) -> None:
    """`northstream settings` lists what there is; a misspelt variable would be left out without a word."""
    known = set(re.findall(r"^(NORTHSTREAM_\w+) =", northstream("settings", cwd=tmp_path).stdout, re.MULTILINE))
    used = {
        variable
        for name in OURS
        for variable in project["services"][name]["environment"]
        if variable.startswith("NORTHSTREAM_")
    }
    assert "NORTHSTREAM_KAFKA" in used
    assert used <= known


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_ours_exists(project: Project, name: str) -> None:
    """The image's entry point is `northstream`; the command is its arguments."""
    shown = northstream(*project["services"][name]["command"], "--help")
    assert shown.returncode == 0, shown.stderr


def test_the_image_of_ours_has_the_versions_name(project: Project) -> None:
    """One image for all roles, and another name for another version: an old one is never taken for the new."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {project["services"][name]["image"] for name in OURS} == {f"northstream:{version}"}


def test_roles_have_ports_of_their_own(project: Project) -> None:
    """So that the same settings also run side by side on one machine."""
    ports = [project["services"][name]["environment"].get("NORTHSTREAM_PORT") for name in OURS if name != "migrate"]
    assert None not in ports
    assert len(set(ports)) == len(ports)
    for name in OURS:
        port = project["services"][name]["environment"].get("NORTHSTREAM_PORT")
        assert port is None or f":{port}/" in project["services"][name]["healthcheck"]["test"][-1]


def test_three_nodes_are_set_up_as_a_whole(variables: dict[str, str]) -> None:
    """deploy/three-nodes.env names every node wherever nodes are named, and asks for copies on two of them."""
    project = compose(variables | read_variables(ROOT / "deploy" / "three-nodes.env"))
    voters = ",".join(f"{number}@{node}:9093" for number, node in enumerate(KAFKA, start=1))
    for number, node in enumerate(KAFKA, start=1):
        environment = project["services"][node]["environment"]
        assert environment["KAFKA_NODE_ID"] == str(number)
        assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{node}:9092"
        assert environment["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        assert environment["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
    assert project["services"]["migrate"]["environment"]["NORTHSTREAM_KAFKA_REPLICATION"] == "3"
    for name in OURS:
        assert project["services"][name]["environment"]["NORTHSTREAM_KAFKA"] == "kafka:9092,kafka-2:9092,kafka-3:9092"


def test_a_lone_broker_writes_to_the_disk_before_it_answers(project: Project) -> None:
    """Nobody else has a copy: acknowledged must mean synced."""
    environment = project["services"]["kafka"]["environment"]
    assert environment["KAFKA_LOG_FLUSH_INTERVAL_MESSAGES"] == "1"
    assert environment["KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE"] == "false"
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
