"""The catalogue loader: every kind of computation, boards and the tree, and what is said about broken ones."""

import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from schemas.catalogue import (
    Benchmark,
    BoardSection,
    Card,
    Catalogue,
    Experiment,
    LintException,
    MetricDefinition,
    Objective,
    Target,
    TreeNode,
)
from schemas.catalogue_files import load_catalogue
from schemas.catalogue_lint import RULES
from schemas.compute_files import KINDS
from schemas.computes import (
    STREAMED,
    Actives,
    AtRisk,
    Balance,
    BalancePart,
    Compute,
    Concentration,
    Condition,
    Conversion,
    Count,
    Counter,
    Distinct,
    EventSet,
    Expression,
    Fact,
    FunnelConversion,
    Mean,
    Ratio,
    Retention,
    Sessions,
    Sql,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import Workspace
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from schemas.workspace_folder import WorkspaceErrors

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases" / "catalogue.yaml").read_text("utf-8"))

STREAMED_METRICS = """
- {id: dau, unit: count}
- {id: wau, unit: count}
- {id: mau, unit: count}
- {id: stickiness, unit: ratio}
- {id: signups, unit: count}
- {id: activated, unit: count}
- {id: activations, unit: count}
- {id: activation_rate, unit: ratio}
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default workspace with the streamed metrics alone."""
    folder = tmp_path_factory.mktemp("bare") / "workspace"
    shutil.copytree(DEFAULT_WORKSPACE, folder)
    for kind in ("metrics", "boards", "alerts"):
        shutil.rmtree(folder / kind, ignore_errors=True)
        (folder / kind).mkdir()
    (folder / "metrics" / "active_people.yaml").write_text("# streamed\n" + STREAMED_METRICS, "utf-8")
    main = (folder / "workspace.yaml").read_text("utf-8")
    main = re.sub(r"(?m)^(north_star|opening_board|tree):.*\n(?:[ #].*\n|\n)*", "", main)
    (folder / "workspace.yaml").write_text(main, "utf-8")
    return folder


@pytest.fixture
def folder(bare: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bare, tmp_path / "workspace"))


@pytest.fixture(scope="module")
def workspace(bare: Path) -> Workspace:
    return load_workspace(bare)


def read(folder: Path, workspace: Workspace, metrics: str, main: str = "", board: str = "") -> Catalogue:
    (folder / "metrics" / "zz.yaml").write_text(metrics or "id: zz\nunit: count\ncompute: {at_risk: {}}\n", "utf-8")
    if board:
        (folder / "boards" / "board.yaml").write_text(board, "utf-8")
    with (folder / "workspace.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + main)
    return load_catalogue(folder, workspace)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_problem_of_a_catalogue_is_told_with_its_place(
    case: dict[str, Any], folder: Path, workspace: Workspace
) -> None:
    """All problems at once, at start and while running, each with file, line and what to do."""
    for name, content in case.get("files", {}).items():
        path = folder / name
        if path.name == "active_people.yaml":
            content += STREAMED_METRICS.replace("- {id: dau, unit: count}\n", "")
            content = content.replace("\n", "\n  ").replace("\n  \n  - ", "\n- ").replace("\n  - ", "\n- ")
            content = "- " + content
        path.write_text(content, "utf-8")
    main = folder / "workspace.yaml"
    first = len(main.read_text("utf-8").splitlines()) + 1
    main.write_text(main.read_text("utf-8") + case.get("main", ""), "utf-8")

    def placed(text: str) -> str:
        return re.sub(r"MAIN(?:\+(\d+))?", lambda match: str(first + int(match[1] or 0)), text)

    expected = [placed(text) for text in case["found"]]
    with pytest.raises(WorkspaceErrors) as running:
        load_catalogue(folder, workspace)
    with pytest.raises(WorkspaceErrors) as starting:
        load_workspace(folder)
    assert [str(finding) for finding in running.value.findings] == expected
    assert [str(finding) for finding in starting.value.findings] == expected


TASKS = EventSet(("Task Completed",))
SIGNUP = EventSet(("Account Created",))


@pytest.mark.parametrize(
    ("text", "compute"),
    [
        ("counter: mau", Counter("mau", None, "last_day")),
        ("counter: 'funnel:onboarding:2'", Counter("funnel:onboarding:2")),
        (
            "counter: {numerator: dau, denominator: wau, over: last_day, matures: true}",
            Counter("dau", "wau", "last_day", matures=True),
        ),
        ("count: {event: Task Completed}", Count(TASKS)),
        (
            "count: {events: [Task Completed, Report Shared], where: {plan: pro, seats: 3, paid: true}}",
            Count(
                EventSet(
                    ("Task Completed", "Report Shared"),
                    where=(
                        Condition("plan", "=", ("pro",)),
                        Condition("seats", "=", (3,)),
                        Condition("paid", "=", (True,)),
                    ),
                )
            ),
        ),
        ("count: {types: [page, screen]}", Count(EventSet(types=("page", "screen")))),
        (
            "count: {event: Task Completed, where: {a: '>= 7 and < 8.5', b: [x, 1], c: '!= y', d: 'not in [p, q]'}}",
            Count(
                EventSet(
                    ("Task Completed",),
                    where=(
                        Condition("a", ">=", (7,)),
                        Condition("a", "<", (8.5,)),
                        Condition("b", "in", ("x", 1)),
                        Condition("c", "!=", ("y",)),
                        Condition("d", "not in", ("p", "q")),
                    ),
                )
            ),
        ),
        (
            "count: {event: Task Completed, where: {a: 'not invited', b: '= > 3'}}",
            Count(
                EventSet(
                    ("Task Completed",),
                    where=(Condition("a", "=", ("not invited",)), Condition("b", "=", ("> 3",))),
                )
            ),
        ),
        ("distinct: {active: true}", Distinct(EventSet(active=True))),
        ("distinct: {event: Task Completed, of: account, first: true}", Distinct(TASKS, "account", True)),
        ("sum: {event: Payment Received, property: amount}", Sum(EventSet(("Payment Received",)), "amount")),
        ("mean: {event: Survey Answered, property: score}", Mean(EventSet(("Survey Answered",)), "score")),
        ("actives: {active: true, window: 4w, of: account}", Actives(EventSet(active=True), 28, "account")),
        ("funnel: {funnel: onboarding}", FunnelConversion("onboarding", 4, 1)),
        ("funnel: {funnel: onboarding, step: 3, from: 2}", FunnelConversion("onboarding", 3, 2)),
        (
            "conversion: {start: {event: Account Created}, end: {event: Task Completed}, of: account, within: 14d}",
            Conversion(SIGNUP, TASKS, "account", 14 * 86_400),
        ),
        (
            "conversion: {start: {event: Account Created}, end: {event: Task Completed}}",
            Conversion(SIGNUP, TASKS, "person", None),
        ),
        (
            "time_between: {start: {event: Ticket Opened}, end: {event: Ticket Resolved}, pair_by: ticket}",
            TimeBetween(EventSet(("Ticket Opened",)), EventSet(("Ticket Resolved",)), pair_by="ticket"),
        ),
        ("retention: {after: 7, mode: on}", Retention(7, cohort=SIGNUP)),
        (
            "retention: {after: 2, period: month, mode: on_or_after, cohort: {event: Task Completed},"
            " activity: {types: [track]}}",
            Retention(2, "month", "on_or_after", TASKS, EventSet()),
        ),
        ("balance: {part: expansion, cause: usage}", Balance("expansion", "usage")),
        ("balance: {part: customers_lost, months: 12}", Balance("customers_lost", months=12)),
        ("concentration: {percent: 12.5}", Concentration(12.5)),
        (
            "fact: {fact: spend, aggregate: last, categories: [sales], channels: [ads, social]}",
            Fact("spend", "last", ("sales",), ("ads", "social")),
        ),
        ("sessions: {part: per_person}", Sessions("per_person")),
        ("usage_interval: {}", UsageInterval()),
        ("at_risk: {idle_days: 14}", AtRisk(14)),
        (
            "ratio: {numerator: activated, denominator: {count: {event: Task Completed}}, scale: 100}",
            Ratio("activated", Count(TASKS), 100.0),
        ),
        (
            "{expression: '100 * tasks / dau', terms: {tasks: {count: {event: Task Completed}}}}",
            Expression("100 * tasks / dau", {"tasks": Count(TASKS)}),
        ),
        (
            "sql: {query: 'SELECT day, 1 FROM dau WHERE day BETWEEN {first:Date} AND {last:Date};', over: last_day}",
            Sql("SELECT day, 1 FROM dau WHERE day BETWEEN {first:Date} AND {last:Date}", "last_day"),
        ),
    ],
)
def test_every_kind_is_read(text: str, compute: Compute, folder: Path, workspace: Workspace) -> None:
    """What the author writes is what will be computed."""
    body = text if text.startswith("{") else f"{{{text}}}"
    metrics = read(folder, workspace, f"id: zz\nunit: count\ncompute: {body}\n").metrics
    assert metrics["zz"].compute == compute


def test_an_entry_is_read_whole(folder: Path, workspace: Workspace) -> None:
    """Every field that an owner may write, money to the digit."""
    metrics = read(
        folder,
        workspace,
        """# the first line
- id: nps
  label: {en: Net promoter score, fr: Score de recommandation}
  definition: {en: "Promoters less detractors.", fr: "Promoteurs moins détracteurs."}
  unit: score
  decimals: 0
  per: week
  owner: experience
  direction: up
  version: 3
  role: input
  timing: lagging
  stage: experience
  source: events
  formula: "% promoters − % detractors"
  decision: {en: "If red, we call detractors.", fr: "Si rouge, nous appelons."}
  objective: {text: {en: Loved, fr: Aimé}, baseline: 20}
  target: {value: 40.10, by: 2026-12-31}
  orange: 30
  red: 20.5
  benchmark: {value: 36, source: "Survey of peers", at: 2026-01-01}
  hypothesis: Faster support makes promoters.
  status: candidate
  review_by: 2027-02-01
  refresh: 5m
  exceptions: [{rule: vanity-name, reason: "It decides who is called."}]
  compute: {mean: {event: Survey Answered, property: score}}
""",
    ).metrics
    assert metrics["nps"] == MetricDefinition(
        id="nps",
        label={"en": "Net promoter score", "fr": "Score de recommandation"},
        definition={"en": "Promoters less detractors.", "fr": "Promoteurs moins détracteurs."},
        unit="score",
        decimals=0,
        per="week",
        owner="experience",
        compute=Mean(EventSet(("Survey Answered",)), "score"),
        version=3,
        role="input",
        timing="lagging",
        stage="experience",
        source="events",
        formula="% promoters − % detractors",
        decision={"en": "If red, we call detractors.", "fr": "Si rouge, nous appelons."},
        objective=Objective({"en": "Loved", "fr": "Aimé"}, Decimal(20)),
        target=Target(Decimal("40.10"), by=date(2026, 12, 31)),
        orange=Decimal(30),
        red=Decimal("20.5"),
        benchmark=Benchmark(Decimal(36), "Survey of peers", date(2026, 1, 1)),
        hypothesis="Faster support makes promoters.",
        lifecycle="candidate",
        review_by=date(2027, 2, 1),
        refresh_seconds=300,
        exceptions=(LintException("vanity-name", "It decides who is called."),),
        file="metrics/zz.yaml",
        line=2,
    )


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("40", Target(Decimal(40))),
        ("0.1", Target(Decimal("0.1"))),
        ("{condition: At least 3 design partners, met: true}", Target(None, "At least 3 design partners", True)),
    ],
)
def test_a_target_is_a_number_or_a_condition(text: str, target: Target, folder: Path, workspace: Workspace) -> None:
    """An objective that is met or not is a target too."""
    entry = f"id: zz\nunit: count\ntarget: {text}\ncompute: {{at_risk: {{}}}}\n"
    assert read(folder, workspace, entry).metrics["zz"].target == target


def test_the_streamed_metrics_need_no_computation(folder: Path, workspace: Workspace) -> None:
    """They mean what the contract says."""
    metrics = read(folder, workspace, "").metrics
    assert {name: metrics[name].compute for name in STREAMED} == dict(STREAMED)


def test_the_tree_has_the_north_star_on_top(folder: Path, workspace: Workspace) -> None:
    """Nodes below it belong to their branch, however deep."""
    main = (
        "north_star: activations\ntree:\n  acquisition: [signups]\n  activation:\n    - activation_rate: [activated]\n"
    )
    tree = read(folder, workspace, "", main).tree
    assert tree == TreeNode(
        "activations",
        None,
        (
            TreeNode("signups", "acquisition"),
            TreeNode("activation_rate", "activation", (TreeNode("activated", "activation"),)),
        ),
    )


def test_without_a_north_star_there_is_no_tree(folder: Path, workspace: Workspace) -> None:
    """A workspace of before goes on."""
    catalogue = read(folder, workspace, "")
    assert (catalogue.tree, catalogue.boards, catalogue.opening_board) == (None, {}, "overview")


def test_a_board_is_read_whole(folder: Path, workspace: Workspace) -> None:
    """Every kind of card."""
    board = """
id: growth-squad
label: {en: Growth, fr: Croissance}
owner: growth
kind: squad
audience: {en: The squad, fr: L'équipe}
cadence: weekly
preset: growth
period: 90d
grain: week
refresh: 2m
branch: acquisition
experiment: {id: pricing, conversion: Subscription Started, inputs: [signups]}
exceptions: [{rule: too-many-cards, reason: "One of each."}]
sections:
  - label: {en: One, fr: Un}
    cards:
      - number: dau
      - {line: dau, label: {en: Actives, fr: Actifs}}
      - {bars: signups, split: channel}
      - {segments: signups, split: property.source}
      - {table: [dau, wau], split: industry}
      - stages: [signups, activated]
  - label: {en: Two, fr: Deux}
    cards:
      - funnel: onboarding
      - cohorts: customer
      - tree: true
      - alerts: true
      - decisions: true
      - notes: true
"""
    catalogue = read(folder, workspace, "", "opening_board: growth-squad\n", board)
    [found] = catalogue.boards.values()
    assert catalogue.opening_board == "growth-squad"
    assert (found.kind, found.cadence, found.preset, found.branch) == ("squad", "weekly", "growth", "acquisition")
    assert (found.period_days, found.grain, found.refresh_seconds) == (90, "week", 120)
    assert found.experiment == Experiment("pricing", "Subscription Started", ("signups",))
    assert found.exceptions == (LintException("too-many-cards", "One of each."),)
    assert found.sections == (
        BoardSection(
            {"en": "One", "fr": "Un"},
            (
                Card("number", ("dau",)),
                Card("line", ("dau",), label={"en": "Actives", "fr": "Actifs"}),
                Card("bars", ("signups",), split="channel"),
                Card("segments", ("signups",), split="property.source"),
                Card("table", ("dau", "wau"), split="industry"),
                Card("stages", ("signups", "activated")),
            ),
        ),
        BoardSection(
            {"en": "Two", "fr": "Deux"},
            (
                Card("funnel", funnel="onboarding"),
                Card("cohorts", subject="customer"),
                Card("tree"),
                Card("alerts"),
                Card("decisions"),
                Card("notes"),
            ),
        ),
    )


def test_an_event_that_was_planned_since_the_start_can_be_used(folder: Path, workspace: Workspace) -> None:
    """Its messages are stored already; only the stream's own definitions need a restart."""
    (folder / "plan" / "zz.yaml").write_text("object: Zebra\nverb: Fed\n", "utf-8")
    metrics = read(folder, workspace, "id: zz\nunit: count\ncompute: {count: {event: Zebra Fed}}\n").metrics
    assert metrics["zz"].compute == Count(EventSet(("Zebra Fed",)))


def test_an_alert_never_loses_its_metric_silently(folder: Path) -> None:
    """Taking a metric away that a running rule watches is refused."""
    rules = "groups: [{name: g, rules: [{alert: Many, metric: zz, condition: '> 1'}]}]\n"
    (folder / "alerts" / "zz.yaml").write_text(rules, "utf-8")
    metric = folder / "metrics" / "zz.yaml"
    metric.write_text("id: zz\nunit: count\ncompute: {at_risk: {}}\n", "utf-8")
    workspace = load_workspace(folder)
    metric.unlink()
    with pytest.raises(WorkspaceErrors) as error:
        load_catalogue(folder, workspace)
    message = 'alerts/zz.yaml:1: the alert "Many" needs the metric "zz", which is not there'
    assert [str(finding) for finding in error.value.findings] == [message]


GUIDE = (Path(__file__).parents[3] / "docs" / "catalogue.md").read_text("utf-8")


def test_every_kind_of_the_guide_can_be_copied(folder: Path, workspace: Workspace) -> None:
    """What the documentation shows works as it is written, and shows every kind."""
    rows = re.findall(r"(?m)^\| (`[a-z_`, ]+`) \|.*\| `(\{.*\})` \|$", GUIDE)
    metrics = "".join(f"- {{id: kind_{n}, unit: count, compute: {example}}}\n" for n, (_, example) in enumerate(rows))
    catalogue = read(folder, workspace, metrics)
    shown = {name for kinds, _ in rows for name in re.findall(r"[a-z_]+", kinds)}
    assert shown == set(KINDS)
    assert len(catalogue.metrics) == len(rows) + len(STREAMED)


def test_the_files_of_the_guide_can_be_copied(folder: Path, workspace: Workspace) -> None:
    """A metric, conditions, the tree, a board: one after the other."""
    metric, where, main, board = re.findall(r"(?s)```yaml\n(.*?)```", GUIDE)
    conditions = "".join(f"      {line}\n" for line in where.splitlines())
    other = f"- id: other\n  unit: count\n  compute:\n    count:\n      event: Survey Answered\n{conditions}"
    main = main.replace("opening_board: overview", "opening_board: growth_squad")
    catalogue = read(folder, workspace, metric + other, main, board)
    assert [card.kind for card in catalogue.boards["growth_squad"].sections[0].cards][:3] == ["number", "line", "bars"]
    assert catalogue.metrics["csat"].compute == Ratio(
        Count(
            EventSet(("Survey Answered",), where=(Condition("kind", "=", ("csat",)), Condition("score", ">=", (4,))))
        ),
        Count(EventSet(("Survey Answered",), where=(Condition("kind", "=", ("csat",)),))),
    )


def test_every_rule_and_every_part_of_a_balance_is_in_the_guide() -> None:
    """A finding can be looked up, and what can be written too."""
    assert {name for name in (*RULES, *get_args(BalancePart)) if f"`{name}`" not in GUIDE} == set()
