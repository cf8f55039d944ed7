"""Grafana's provisioning: data sources that exist, panels whose queries Prometheus can read."""

import json
from pathlib import Path
from typing import Any

import yaml
from deployment.compose_file import ROOT
from deployment.promtool import Promtool

GRAFANA = ROOT / "deploy" / "grafana"
BOARD = json.loads((GRAFANA / "dashboards" / "operations.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
SOURCES = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "northstream.yml").read_text())["datasources"]


def test_panels_ask_data_sources_that_are_provisioned() -> None:
    """A panel with another identifier shows nothing but an error."""
    known = {source["uid"] for source in SOURCES}
    for panel in PANELS:
        assert {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])} <= known


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


def test_panels_do_not_lie_on_each_other() -> None:
    """Identifiers are unique, and every place of the grid belongs to one panel."""
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
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
