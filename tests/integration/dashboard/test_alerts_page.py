"""The page of alerts in a real Chromium, over a real alerter with a real engine and receivers that answer."""

import re
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import pytest_asyncio
from integration.dashboard.alerted_company import HOSTILE, Hooks, MovingClock, Values, definitions, states, until
from integration.dashboard.conftest import NOW_MS, TODAY, InMemoryReports, company, company_measures, parts_of
from playwright.async_api import expect

from alerting.alerter import Alerter
from alerting.retries import RetryPolicy
from alerting.surroundings import Surroundings
from dashboard.alert_routes import AlertSources
from dashboard.app import create_app
from northstream.alert_backtest import AlertBacktests
from northstream.alert_past import PastReader
from schemas.calendar import Calendar
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from warehouse.alert_controls import AlertControlsStore
from warehouse.alert_history import WarehouseAlertHistory
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.reports import WarehouseReports

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
RULE = "/alerts?rule=product%2FSignupsHigh"
QUICK = RetryPolicy(timeout_seconds=1.0, first_seconds=0.02, longest_seconds=0.05, give_up_seconds=0.2)


@dataclass
class Living:
    """The company at `home`; `values` and `findings` are for tests to change."""

    home: str
    values: Values
    hooks: Hooks
    alerter: Alerter
    findings: list[str]


class LoggingReports(InMemoryReports):
    """The company's numbers; the log of alerts is a real one."""

    real: WarehouseReports

    def alert_log(self, limit: int) -> Sequence[Mapping[str, Any]]:
        return self.real.alert_log(limit)


@pytest.fixture(scope="module")
def living(tmp_path_factory, serve_listening_long):
    folder = tmp_path_factory.mktemp("alerted")
    warehouse = Warehouse.embedded(folder / "warehouse")
    migrate(warehouse)
    logs = [LocalLog(folder / f"{name}.db", topics, 1) for name, topics in (("e", EVENT_TOPICS), ("h", HANDOFF_TOPICS))]
    clock, hooks, findings = MovingClock(NOW_MS), Hooks(), []
    values = Values(TODAY, {"signups": 24.0, "dau": 950.0, "mrr": 15_428.0, "quality:lag_seconds": 1.0})
    reports = LoggingReports(**vars(company()))
    reports.real = WarehouseReports(warehouse, *logs, clock)
    controls = AlertControlsStore(warehouse)
    surroundings = Surroundings(
        values,
        reports.real.write_alert_log,
        lambda: False,
        clock,
        "http://127.0.0.1:8000",
        QUICK,
        controls=controls,
        findings=lambda: list(findings),
        watch_seconds=lambda _now_ms: 2.0,
    )
    alerter = Alerter(definitions(hooks), folder / "alerts.db", surroundings)
    thread = threading.Thread(target=alerter.run, daemon=True)
    thread.start()
    past = PastReader(values, Calendar("UTC"), clock, lambda: TODAY.replace(month=1))
    parts = parts_of(reports, company_measures()) | {
        "clock": clock,
        "alerts": AlertSources(
            alerter.shown,
            WarehouseAlertHistory(warehouse),
            controls,
            AlertBacktests(lambda: definitions(hooks), past, "UTC"),
        ),
    }
    listening = socket.create_server(("127.0.0.1", 0))
    serve_listening_long(create_app(**parts), listening)
    until(lambda: states(alerter.shown()).get("DauHigh") == "firing", "rules are judged")
    yield Living(f"http://127.0.0.1:{listening.getsockname()[1]}", values, hooks, alerter, findings)
    alerter.stop()
    thread.join(10)
    hooks.close()
    for log in logs:
        log.close()
    warehouse.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(chromium, living):
    """Opens a page and waits until it has its numbers; fails the test if the page complains."""
    contexts, complaints = [], []

    async def open_page(path, **options):
        context = await chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        await page.goto(living.home + path)
        await expect(page.locator("body")).to_have_attribute("data-state", "ready", timeout=30_000)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []


async def test_all_rules_are_there_with_words_for_what_colours_say(visit):
    """State, since, value, condition, owner, receivers, what is held back and why; what fires stands first."""
    page = await visit("/alerts")
    rows = page.locator("#rules tbody tr")
    await expect(rows).to_have_count(5)
    await expect(rows.nth(0)).to_contain_text(
        re.compile("DauHigh.*critical.*firing.*since.*950.*> 900.*growth.*broken")
    )
    signups = rows.filter(has_text="SignupsHigh")
    await expect(signups).to_contain_text("night not told: quiet hours")
    await expect(rows.filter(has_text="FewPay")).to_contain_text(HOSTILE)
    await expect(rows.filter(has_text="FewPay")).to_contain_text("nobody")
    await expect(rows.filter(has_text="MrrHigh")).to_contain_text("€15,428")
    await expect(page.locator(".facts-line")).to_contain_text("Self-watch 2")
    assert await page.title() == "Alerts · Northwind Projects"


@pytest.mark.long
async def test_the_address_says_which_rules(visit):
    """By state, owner, severity; the back button undoes it, a link shares it."""
    page = await visit("/alerts")
    await page.get_by_label("Owner").select_option("revenue")
    await expect(page.locator("#rules tbody tr")).to_have_count(1)
    await page.get_by_label("State").select_option("firing")
    await expect(page.locator("#rules")).to_contain_text("No rule matches")
    assert page.url.endswith("?owner=revenue&state=firing")
    shared = await visit("/alerts?state=open&severity=critical")
    await expect(shared.locator("#rules tbody tr")).to_have_count(1)
    await page.go_back()
    await expect(page.locator("#rules tbody tr")).to_have_count(1)


async def test_a_rule_is_silenced_and_heard_again(visit):
    """For four hours, with a reason; ended from the list of all silences."""
    page = await visit(RULE)
    await page.get_by_label("How long").select_option("4h")
    form = page.get_by_role("form", name="Silence this rule")
    await form.get_by_label("Reason").fill(HOSTILE)
    await form.get_by_label("Your name").fill("ana")
    await form.get_by_role("button", name="Silence").click()
    await expect(page.locator("#desk tbody tr")).to_contain_text(f"ana{HOSTILE}")
    await expect(page.locator(".page-head .tag")).to_have_text("silenced")
    everything = await visit("/alerts")
    await everything.get_by_role("button", name="End the silence of group = product, alert = SignupsHigh").click()
    await expect(everything.locator("#silences")).to_contain_text("Nothing is silenced")
    await expect(everything.locator("#rules").get_by_text("silenced", exact=True)).to_have_count(0)


async def test_an_incident_is_taken_in_hand(visit):
    """By whom and with what note; then the form is gone, and the history says so too."""
    page = await visit(RULE)
    form = page.get_by_role("form", name="Take in hand")
    await form.get_by_label("Note").fill("campaign")
    await form.get_by_label("Your name").fill("ana")
    await form.get_by_role("button").click()
    await expect(form).to_have_count(0)
    await expect(page.locator("#facts")).to_contain_text("campaign")
    await expect(page.locator("#history tbody tr")).to_contain_text("ana")
    await expect(page.locator("#history tbody tr")).to_contain_text("ops")


async def test_a_dead_letter_goes_out_once_its_receiver_is_mended(visit, living):
    """A test message says whether it is; then what was given up is sent again."""
    page = await visit("/alerts")
    broken = page.locator("#receivers tbody tr").filter(has_text="broken")
    await expect(page.locator("#letters tbody tr").first).to_contain_text("DauHigh")
    living.hooks.mended = True
    await broken.get_by_role("button", name="Send a test to broken").click()
    await expect(broken).to_contain_text(re.compile("Test of .*: delivered"), timeout=15_000)
    await page.get_by_role("button", name="Send DauHigh to broken again").click()
    await expect(page.locator("#letters")).to_contain_text("Nothing was given up", timeout=15_000)
    assert any(line.startswith("/broken msg_test_") for line in living.hooks.taken)
    assert any(re.fullmatch(r"/broken msg_\w+_firing", line) for line in living.hooks.taken)


async def test_the_past_is_judged_at_a_button(visit):
    """Counts, flaps, time, a picture, other thresholds."""
    page = await visit(RULE)
    await page.get_by_role("button", name="Backtest").click()
    answer = page.locator("#backtest-answer")
    await expect(answer.locator("dl")).to_contain_text("Incidents")
    await expect(answer.locator("img")).to_have_js_property("complete", True)
    assert await answer.locator("img").evaluate("image => image.naturalWidth") > 300
    await expect(answer.locator("tbody tr").first).to_contain_text(">")


async def test_incidents_stand_on_the_chart_of_the_rule_and_of_its_metric(visit):
    """As bands, in words beside them, and in a table; the threshold is a line."""
    page = await visit(RULE)
    await expect(page.locator("#chart .swatches")).to_contain_text("threshold 20")
    await expect(page.locator("#chart .swatches")).to_contain_text("an alert was open")
    await page.locator("#chart summary").click()
    await expect(page.locator("#chart tbody tr").first).to_contain_text("Alert: SignupsHigh")
    await page.get_by_role("link", name="Signups").click()
    await expect(page.locator("#alerts tbody tr")).to_contain_text("SignupsHigh")
    await expect(page.locator(".swatches")).to_contain_text("an alert was open")


@pytest.mark.long
async def test_bad_data_and_a_broken_edit_are_said_above_the_rules(visit, living):
    """Which rules wait and because of which; the rules before the edit go on."""
    page = await visit("/alerts")
    living.values.now["quality:lag_seconds"] = 120.0
    living.findings.append(f"alerts/product.yaml:3: {HOSTILE}")
    await expect(page.locator("#bad-data")).to_contain_text("data/DataLate", timeout=15_000)
    await expect(page.locator("#rules tbody tr").filter(has_text="MrrHigh")).to_contain_text("waiting for data")
    await expect(page.locator("#findings")).to_contain_text(HOSTILE)
    living.values.now["quality:lag_seconds"] = 1.0
    living.findings.clear()
    await expect(page.locator("#bad-data")).to_have_count(0, timeout=15_000)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_axe_finds_nothing_and_a_phone_needs_no_sideways_scrolling(visit, scheme):
    """In both schemes; all rules and one rule with its past; also in French."""
    found = []
    for path in ("/alerts", f"{RULE}&lang=fr"):
        page = await visit(path, color_scheme=scheme, reduced_motion="reduce")
        await page.evaluate(AXE)
        result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [(path, rule["id"], rule["nodes"][0]["html"][:160]) for rule in result["violations"]]
        await page.set_viewport_size({"width": 375, "height": 812})
        assert await page.evaluate("document.documentElement.scrollWidth") == 375
    assert found == []


@pytest.mark.long
async def test_alerts_in_french(visit):
    """Words, conditions, durations, the time."""
    page = await visit(f"{RULE}&lang=fr")
    await expect(page.locator("h1")).to_have_text("SignupsHigh")
    await expect(page.locator(".page-head")).to_contain_text("Gravité avertissement")
    await expect(page.locator("#facts")).to_contain_text("heures calmes")
    await expect(page.locator("#history")).to_contain_text("déjà")
    await page.get_by_role("link", name="Alertes", exact=True).first.click()
    await expect(page.locator("h1")).to_have_text("Alertes")
