"""Grafana's provisioning: data sources that exist, panels whose queries Prometheus can read."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment.compose_file import ROOT
from deployment.promtool import Promtool

GRAFANA = ROOT / "deploy" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}
PANELS = [panel for panel in BOARDS["operations"]["panels"] if panel["type"] != "row"]
SOURCES = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "northstream.yml").read_text())["datasources"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_ask_data_sources_that_are_provisioned(name: str) -> None:
    """A panel with another identifier shows nothing but an error."""
    known = {(source["type"], source["uid"]) for source in SOURCES}
    panels = [panel for panel in BOARDS[name]["panels"] if panel["type"] != "row"]
    for asking in (*panels, *(target for panel in panels for target in panel["targets"])):
        assert (asking["datasource"]["type"], asking["datasource"]["uid"]) in known


def test_boards_are_told_apart() -> None:
    """Grafana keeps one of those with the same identifier or title."""
    for key in ("uid", "title"):
        assert len({board[key] for board in BOARDS.values()}) == len(BOARDS)


def test_every_query_of_a_panel_is_one(promtool: Promtool, tmp_path: Path) -> None:
    """promtool reads each as a rule, with an interval where Grafana puts one in."""
    queries = [target["expr"] for panel in PANELS for target in panel["targets"]]
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", file)


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_lie_on_each_other(name: str) -> None:
    """Identifiers are unique, and every place of the grid belongs to one panel."""
    board = BOARDS[name]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        places = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not places & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= places


def test_sources_are_reached_as_compose_names_them(project: dict[str, Any]) -> None:
    """The reader's password comes from the environment, the plugin in the version that Compose pins."""
    clickhouse = next(source for source in SOURCES if source["type"] == "grafana-clickhouse-datasource")
    environment = project["services"]["grafana"]["environment"]
    assert clickhouse["jsonData"]["host"] in project["services"]
    assert clickhouse["jsonData"]["username"] == "northstream_reader"
    assert clickhouse["secureJsonData"]["password"].lstrip("$") in environment
    plugin, _, version = environment["GF_PLUGINS_PREINSTALL_SYNC"].partition("@")
    assert plugin == clickhouse["type"]
    assert version.count(".") == 2


def test_boards_are_where_the_provider_looks(project: dict[str, Any]) -> None:
    """The folder of the provider is the one that Compose mounts."""
    providers = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "northstream.yml").read_text())["providers"]
    mounts = [volume.split(":")[1] for volume in project["services"]["grafana"]["volumes"]]
    assert all(provider["options"]["path"] in mounts for provider in providers)
