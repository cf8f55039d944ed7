"""The worked examples of the KPI reference through the whole product: events and facts in, the printed digit out.

Also: a metric and a board that somebody adds to a running product. Knows it only from outside.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx
import pytest
from system.installation import Installation, run
from system.running import wait_until
from system.worked_cases import Case, Question, month_before, printed, read_cases

TODAY = datetime.now(UTC).date()
CASES = read_cases(TODAY)
BATCH = 1_000
BOARD = """
id: worked
label: {en: Worked examples}
owner: growth
refresh: 1m
exceptions: [{rule: too-many-cards, reason: "Every example that compares two months"}]
sections:
  - label: {en: All}
    cards:
"""


class Product(Installation):
    """A running installation with the workspace it uses."""

    def __init__(self, data_dir: Path, workspace: Path) -> None:
        super().__init__(data_dir, "--workspace", str(workspace))
        self.workspace = workspace

    def send_facts(self, facts: list[dict[str, Any]]) -> None:
        headers = {"authorization": f"Bearer {self.secret_key}"}
        answer = httpx.post(
            f"{self.url}/api/facts", json={"facts": facts}, headers=headers, timeout=30, trust_env=False
        )
        assert answer.status_code == 200, answer.text

    def point(self, question: Question, segment: str) -> dict[str, Any]:
        """The one point of a question."""
        path = f"/api/metrics/{question.metric}?from={question.first}&to={question.last}&grain={question.grain}"
        points = self.get(f"{path}&segment={segment}" if segment else path)["points"]
        assert len(points) == 1, points
        point: dict[str, Any] = points[0]
        return point


def send_everything(product: Product) -> None:
    """All messages in the order of their times, as they would have come, and all facts."""
    timed = sorted((timed for case in CASES for timed in case.messages()), key=itemgetter(0))
    for start in range(0, len(timed), BATCH):
        answer = product.send(*(message for _, message in timed[start : start + BATCH]))
        assert answer["quarantined"] == 0, answer["events"][:3]
    product.send_facts([fact for case in CASES for fact in case.facts()])
    product.settle()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product that has seen every example, and counted it."""
    folder = tmp_path_factory.mktemp("worked")
    workspace = folder / "workspace"
    assert run("init", str(workspace), cwd=folder).returncode == 0
    metrics = dict.fromkeys(card["metric"] for case in CASES for card in case.cards)
    board = BOARD + "".join(f"      - number: {metric}\n" for metric in metrics)
    (workspace / "boards" / "worked.yaml").write_text(board, "utf-8")
    product = Product(folder / "data", workspace)
    try:
        send_everything(product)
        yield product
    finally:
        product.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.example)
def test_an_example_prints_its_digits(product: Product, case: Case) -> None:
    """Every number of the example, to the decimals that it is printed with, and its colour where it has one."""
    segment = "" if case.is_whole else f"channel:{case.slug}"
    found, expected = [], []

    def ask() -> bool:
        found[:] = [
            (question.metric, printed(point["value"], question.shows), point["status"] if question.status else "")
            for question in case.questions
            for point in [product.point(question, segment)]
        ]
        return found == expected

    expected += [(question.metric, question.shows, question.status) for question in case.questions]
    with contextlib.suppress(AssertionError):
        wait_until(ask, "the values", seconds=60.0 if case.is_whole else 0)
    assert found == expected


@pytest.mark.parametrize("case", [case for case in CASES if case.cards], ids=lambda case: case.example)
def test_a_board_compares_an_example_with_the_month_before(product: Product, case: Case) -> None:
    """Value, previous value, change in per cent or points, target and what is missing, as they are printed."""
    board = product.get(f"/api/boards/worked?to={case.last_day}&days=31&segment=channel:{case.slug}")
    cards = {card["metric"]: card for section in board["sections"] for card in section["cards"]}
    targets = {metric["metric"]: metric["target"] for metric in product.get("/api/metrics")["metrics"]}
    for wanted in case.cards:
        card = cards[wanted["metric"]]
        assert printed(card["value"], wanted["shows"]) == wanted["shows"]
        assert printed(card["previous"], wanted["previous"]) == wanted["previous"]
        assert printed(card["change"] / 100, wanted["change"]) == wanted["change"]
        assert card["change_unit"] == ("points" if wanted["change"].endswith("points") else "percent")
        if "target" in wanted:
            target = targets[card["metric"]]
            assert printed(target, wanted["target"]) == wanted["target"]
            assert printed(target - card["value"], wanted["short"]) == wanted["short"]


@pytest.mark.long
def test_every_metric_of_the_catalogue_can_be_asked(product: Product) -> None:
    """A month of each, in its own unit, and as a file for a spreadsheet; none fails for want of data."""
    last = month_before(TODAY, 1)
    metrics = [metric["metric"] for metric in product.get("/api/metrics")["metrics"]]
    assert len(metrics) > 100
    for metric in metrics:
        answer = product.get(f"/api/metrics/{metric}?from={last}&to={last + timedelta(days=27)}&grain=week")
        assert answer["metric"] == metric
        assert len(answer["points"]) >= 4


def test_customers_are_followed_by_the_month_of_their_first_subscription(product: Product) -> None:
    """The illustration's October: of 89 customers 94 %, 87 %, 82 % and, after six months, 76 % still subscribe."""
    cohort = month_before(TODAY, 8)
    kept = (89, 84, 77, 73, 72, 70, 68)
    messages = [subscription(number, "Started", cohort) for number in range(1, 90)]
    for months, (before, after) in enumerate(pairwise(kept), start=1):
        gone = range(after + 1, before + 1)
        messages += [subscription(number, "Canceled", month_before(cohort, -months)) for number in gone]
    product.send(*messages)
    product.settle()
    path = f"/api/retention?subject=customer&period=month&periods=6&from={cohort}&to={cohort + timedelta(days=27)}"
    table = product.get(f"{path}&segment=channel:cohort")
    [row] = [row for row in table["cohorts"] if row["cohort"] == cohort.isoformat()]
    assert row["size"] == 89
    cells = [row["cells"][month] for month in (1, 2, 3, 6)]
    assert [cell["count"] for cell in cells] == [84, 77, 73, 68]
    assert [printed(cell["rate"], "0 %") for cell in cells] == ["94 %", "87 %", "82 %", "76 %"]


def subscription(number: int, verb: str, month: date) -> dict[str, Any]:
    moment = datetime.combine(month, datetime.min.time(), UTC) + timedelta(days=9, minutes=number)
    return {
        "type": "track",
        "event": f"Subscription {verb}",
        "messageId": f"cohort-{verb}-{number}",
        "userId": f"cohort-{number}",
        "timestamp": moment.isoformat(),
        "properties": {"plan": "team", "mrr": 10, "channel": "cohort"},
    }


OWN_METRIC = """
id: night_owls
label: {en: Night owls, fr: Oiseaux de nuit}
definition: {en: Persons who completed a task, fr: Personnes ayant terminé une tâche}
unit: count
owner: product
stage: retention
decision: {en: "If red, we sleep more"}
per: month
target: {value: 400, by: 2030-12-31}
orange: 100
red: 10
review_by: 2030-12-31
compute:
  distinct: {event: Task Completed}
"""
OWN_BOARD = """
id: own
label: {en: Own board}
owner: product
refresh: 1m
sections:
  - label: {en: Own}
    cards: [{number: night_owls}]
"""


def test_a_metric_in_one_file_of_a_running_product_comes_to_a_board(product: Product) -> None:
    """Nobody restarts anything: the file is read, the metric computed over the past, and its card is green."""
    case = next(case for case in CASES if "400 ÷ 1,000" in case.example)
    (product.workspace / "metrics" / "own.yaml").write_text(OWN_METRIC, "utf-8")
    (product.workspace / "boards" / "own.yaml").write_text(OWN_BOARD, "utf-8")
    wait_until(lambda: "own" in {board["board"] for board in product.get("/api/boards")["boards"]}, "the board")

    def card(segment: str) -> dict[str, Any]:
        board = product.get(f"/api/boards/own?to={case.last_day}&days=30{segment}")
        [card] = [card for section in board["sections"] for card in section["cards"]]
        return dict(card)

    assert (card("")["metric"], card("")["status"]) == ("night_owls", "green")
    assert card(f"&segment=channel:{case.slug}")["value"] == 510.0
