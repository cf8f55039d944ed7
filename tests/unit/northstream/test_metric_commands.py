"""`northstream metrics lint|docs` as a user runs them, and the rules that need numbers."""

import re
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from northstream.cli import main
from northstream.lint_numbers import lint_numbers
from northstream.metrics_api import Point
from northstream.published_metrics import PublishedMetrics
from schemas.catalogue import Catalogue, MetricDefinition, Target
from schemas.catalogue_files import load_catalogue
from schemas.computes import AtRisk, Balance
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

TODAY = date(2026, 11, 22)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_WORKSPACE, tmp_path / "workspace"))


def test_a_clean_catalogue_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and a line that says how much was looked at."""
    assert main(["metrics", "lint", "--data-dir", str(tmp_path)]) == 0
    assert re.search(r"^\d+ metrics, \d+ boards: 0 findings, \d+ warnings$", capsys.readouterr().out, re.MULTILINE)


def test_a_broken_rule_fails_with_its_place(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and every finding at once."""
    text = "- {id: followers, unit: count, compute: {count: {event: Task Completed}}}\n"
    (folder / "metrics" / "zz.yaml").write_text(text, "utf-8")
    assert main(["metrics", "lint", "--workspace", str(folder), "--data-dir", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    rules = {"no-owner", "no-threshold", "vanity-name", "vanity-count", "no-definition", "missing-language"}
    found = {
        match[1] for match in re.finditer(r"^metrics/zz\.yaml:1: followers: .* \[([a-z-]+)\]$", printed, re.MULTILINE)
    }
    assert found == rules


def test_warnings_fail_only_when_asked(folder: Path, tmp_path: Path) -> None:
    """A date that passes must not break a build by itself."""
    path = folder / "metrics" / "signups.yaml"
    path.write_text(path.read_text("utf-8").replace("review_by: 2027-02-01", "review_by: 2020-02-01"), "utf-8")
    lint = ["metrics", "lint", "--workspace", str(folder), "--data-dir", str(tmp_path)]
    assert main(lint) == 0
    assert main([*lint, "--strict"]) == 1


def test_an_unusable_catalogue_is_the_users_to_mend(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, like every check that fails, with all that is wrong."""
    (folder / "metrics" / "zz.yaml").write_text("id: zz\nunit: count\nstage: aquisition\n", "utf-8")
    assert main(["metrics", "lint", "--workspace", str(folder)]) == 1
    said = capsys.readouterr().out
    assert 'metrics/zz.yaml:1: nothing says how "zz" is computed' in said
    assert 'metrics/zz.yaml:3: "stage" cannot be "aquisition"; did you mean "acquisition"?' in said


def test_a_change_without_a_version_is_found_before_it_is_deployed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against what the data folder has published."""
    catalogue = load_catalogue(folder, load_workspace(folder))
    PublishedMetrics(tmp_path).add(catalogue.metrics.values())
    path = folder / "metrics" / "retention.yaml"
    path.write_text(path.read_text("utf-8").replace("retention: {after: 7}", "retention: {after: 8}"), "utf-8")
    assert main(["metrics", "lint", "--workspace", str(folder), "--data-dir", str(tmp_path)]) == 1
    assert 'd7_retention: its definition differs from the published one of version 1; write "version: 2"' in (
        capsys.readouterr().out
    )


def test_the_glossary_has_an_anchor_for_each_metric_in_both_languages(folder: Path, tmp_path: Path) -> None:
    """Every card's definition is one click away."""
    text = (
        "- {id: zz_angle, unit: count, label: {en: 'A <b> & *c*', fr: 'D <b>'},"
        " definition: {en: Plain., fr: Simple.}, compute: {count: {event: Task Completed}}}\n"
    )
    (folder / "metrics" / "zz.yaml").write_text(text, "utf-8")
    out = tmp_path / "out"
    assert main(["metrics", "docs", "--workspace", str(folder), "--out", str(out)]) == 0
    metrics = load_catalogue(folder, load_workspace(folder)).metrics
    for name in ("glossary", "glossaire"):
        html, markdown = ((out / f"{name}{suffix}").read_text("utf-8") for suffix in (".html", ".md"))
        for metric in metrics:
            assert html.count(f'<article id="{metric}">') == 1
            assert markdown.count(f'<a id="{metric}"></a>') == 1
    english, french = ((out / f"{name}.html").read_text("utf-8") for name in ("glossary", "glossaire"))
    assert "A &lt;b&gt; &amp; *c*" in english
    assert "A \\<b\\> & \\*c\\*" in (out / "glossary.md").read_text("utf-8")
    assert '<html lang="fr">' in french
    assert "Responsable" in french


def test_an_entry_of_the_glossary_says_what_is_needed_to_act(folder: Path, tmp_path: Path) -> None:
    """Formula, owner, decision, thresholds, where it is used."""
    out = tmp_path / "out"
    main(["metrics", "docs", "--workspace", str(folder), "--out", str(out)])
    entry = (out / "glossary.md").read_text("utf-8").split('<a id="nps"></a>')[1].split("<a id=")[0]
    for fact in ("Formula", "Owner", "Decision", "Target", "Thresholds", "Benchmark", "Definition version"):
        assert f"- **{fact}**: " in entry
    assert "tree: Experience" in entry
    assert "boards: " in entry


class Numbers:
    """Numbers by metric, the newest last; `begun`: the first month with active people."""

    def __init__(self, values: dict[str, list[float | None]], begun: date = date(2024, 1, 1)) -> None:
        self._values = values
        self._begun = begun

    def known(self) -> list[str]:
        return ["customers", "arpa", "ltv", "realised", "mau"]

    def series(self, metric: str, first: date, last: date, grain: Literal["day", "week", "month"]) -> Sequence[Point]:
        if metric == "mau" and grain == "month":
            return [Point(first, None, True), Point(max(self._begun, first), 10.0, True)]
        values = self._values.get(metric, [])
        return [Point(first + timedelta(weeks=index), value, True) for index, value in enumerate(values)]


def metric(name: str, **fields: object) -> MetricDefinition:
    entry = MetricDefinition(
        name, {"en": name, "fr": name}, {"en": ""}, "count", "growth", AtRisk(), target=Target(Decimal(1))
    )
    for key, value in fields.items():
        object.__setattr__(entry, key, value)
    return entry


@pytest.mark.parametrize(
    ("values", "is_flat"),
    [
        ([100.0] * 12, True),
        ([0.0] * 12, True),
        ([100.0, 100.5] * 6, True),
        ([100.0, 102.0] * 6, False),
        ([100.0] * 7, False),
        ([100.0] * 7 + [None] * 5, False),
        ([-5.0] * 11 + [5.0], False),
    ],
)
def test_a_metric_that_does_not_move_is_found(values: list[float | None], is_flat: bool) -> None:
    """Twelve weeks are looked at, eight must have a value."""
    catalogue = Catalogue(
        {"customers": metric("customers", stage="revenue"), "arpa": metric("arpa", compute=Balance("end"))}
    )
    found = lint_numbers(catalogue, Numbers({"customers": values}), TODAY)
    said = [f"{item.subject}: {item.message}" for item in found]
    message = 'customers: has not moved for 12 weeks, so it decides nothing; look at its neighbour "arpa"'
    assert said == ([message] if is_flat else [])


def test_a_young_company_is_not_called_flat() -> None:
    """Weeks before it began say nothing; nor does a metric that the running product does not have yet."""
    flat = {"customers": [0.0] * 12, "new": [0.0] * 12}
    catalogue = Catalogue({name: metric(name) for name in flat})
    assert lint_numbers(catalogue, Numbers(flat, date(2026, 10, 1)), TODAY) == []
    assert [item.subject for item in lint_numbers(catalogue, Numbers(flat), TODAY)] == ["customers"]


@pytest.mark.parametrize(("begun", "is_young"), [(date(2026, 1, 1), True), (date(2025, 11, 1), False)])
def test_a_lifetime_value_needs_a_year_of_data(begun: date, is_young: bool) -> None:
    """By its name: LTV, CLV, lifetime value."""
    catalogue = Catalogue(
        {"ltv": metric("ltv"), "realised": metric("realised", label={"en": "Realised CLV"}), "mau": metric("mau")}
    )
    found = lint_numbers(catalogue, Numbers({}, begun), TODAY)
    assert [item.subject for item in found] == (["ltv", "realised"] if is_young else [])
    assert {item.rule for item in found} <= {"young-ltv"}
