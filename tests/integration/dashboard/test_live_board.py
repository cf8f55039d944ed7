"""The live board in a real Chromium: what a product person sees, and what it must never do."""

from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import expect

from schemas.reading import Completeness, Quality
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SECRET_KEY = "sk_test_5d1f"
NARROW_SPACE = "\u202f"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@pytest_asyncio.fixture(loop_scope="module")
async def open_board(chromium, build, serve):
    """Opens the board of an application; fails the test if the page asks elsewhere or complains."""
    contexts, complaints, asked, homes = [], [], [], []

    async def open_page(path="/live", app=None, tolerate=(), **options):
        home = serve(app or build())
        homes.append(home)
        context = await chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = await context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def listen(message):
            if message.type in ("error", "warning") and not any(text in message.text for text in tolerate):
                complaints.append(message.text)

        page.on("console", listen)
        await page.goto(home + path)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((*homes, "data:"))] == []


def value_of(page, metric):
    return page.locator(f"#kpi-{metric} .value")


async def test_the_numbers_are_there_and_update_themselves(open_board, reports):
    """A change in the warehouse is on the page without anybody touching it."""
    page = await open_board()
    await expect(value_of(page, "dau")).to_have_text("210")
    await expect(value_of(page, "wau")).to_have_text("2,884")
    await expect(value_of(page, "stickiness")).to_have_text("4.2%")
    await expect(page.locator("#pulse-word")).to_have_text("Live")
    await expect(page.locator("#q-accepted")).to_have_text("1,520,432")
    dau = reports.counters["dau"]
    dau[max(dau)] = 233
    reports.totals = replace(reports.totals, accepted=1_520_999)
    await expect(value_of(page, "dau")).to_have_text("233")
    await expect(page.locator("#q-accepted")).to_have_text("1,520,999")


async def test_every_part_of_the_board_says_something(open_board):
    """Funnel, quarantine reasons, restated numbers, alerts, events, completeness, time zone."""
    page = await open_board()
    await expect(page.locator(".step .label")).to_have_text(
        ["Saw the prices", "Signed up", "Created a project", "Subscribed"]
    )
    await expect(page.locator("#reasons li").first).to_contain_text("Missing required property204")
    await expect(page.locator("#changes li").first).to_contain_text("1,182 → 1,181")
    await expect(page.locator("#alerts .badge")).to_have_text(["firing"])
    await expect(page.locator("#events li")).to_have_count(30)
    await expect(page.locator("#complete-through")).not_to_have_text("–")
    await expect(page.locator(".pulse")).to_contain_text("Days in UTC")
    assert await page.locator("canvas").count() == 6


async def test_refused_and_flagged_messages_say_why(open_board):
    """A verdict is a word and a shape, not only a colour."""
    page = await open_board()
    refused = page.locator("#events .quarantined").first
    await expect(refused.locator(".verdict")).to_have_text("quarantined")
    await expect(refused.locator(".why")).to_have_text("Missing required property: plan is required")
    await expect(page.locator("#events .flagged .verdict").first).to_have_text("flagged")


async def test_names_of_events_stay_text(open_board, reports):
    """Whoever has the public write key chooses event names; they never become markup."""
    reports.latest[0] |= {"event": HOSTILE, "user_id": HOSTILE, "status": "flagged"}
    reports.latest[0]["violations"] = [{"rule": HOSTILE, "property": "", "message": HOSTILE}]
    page = await open_board(app=None)
    await expect(page.locator("#events li .name").first).to_have_text(HOSTILE)
    await expect(page.locator("#events li .why").first).to_have_text(f"{HOSTILE}: {HOSTILE}")
    assert await page.locator("#events img, #events script").count() == 0
    assert await page.title() == "Live board · Northwind Projects"


async def test_names_in_the_workspace_stay_text_too(open_board, build):
    """Text of the page itself is escaped where it is rendered."""
    workspace = replace(load_workspace(DEFAULT_WORKSPACE), name=HOSTILE)
    page = await open_board(app=build(workspace=workspace))
    await expect(page.locator(".company")).to_have_text(HOSTILE)
    assert await page.title() == f"Live board · {HOSTILE}"


@pytest.mark.parametrize("path", ["/live", "/live?lang=fr", "/api/docs"])
async def test_a_phone_needs_no_sideways_scrolling(open_board, path):
    """At 375 pixels everything is below, nothing beside."""
    page = await open_board(path, viewport={"width": 375, "height": 812})
    if path != "/api/docs":
        await expect(value_of(page, "mau")).to_contain_text("973")
    assert await page.evaluate("document.documentElement.scrollWidth") == 375


async def test_dark_mode_is_dark_and_light_mode_light(open_board):
    """The page follows the system, canvas colours included."""
    luminance = """() => {
      const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number);
      return (red + green + blue) / 3;
    }"""
    dark = await open_board(color_scheme="dark")
    assert await dark.evaluate(luminance) < 40
    light = await open_board(color_scheme="light")
    assert await light.evaluate(luminance) > 230


async def test_french_words_numbers_and_days(open_board):
    """Narrow spaces between thousands, a comma before decimals, French days."""
    page = await open_board("/live?lang=fr", locale="de-DE", timezone_id="America/New_York")
    await expect(page.locator("html")).to_have_attribute("lang", "fr")
    await expect(page.locator("#pulse-word")).to_have_text("En direct")
    assert await value_of(page, "wau").text_content() == f"2{NARROW_SPACE}884"
    assert await value_of(page, "stickiness").text_content() == f"4,2{NARROW_SPACE}%".replace(NARROW_SPACE, "\u00a0")
    await expect(page.locator("#actives-readout")).to_contain_text("dim. 22 nov.")
    await expect(page.locator("#complete-through")).to_contain_text("59")
    await expect(page.locator(".step .label").first).to_have_text("A vu les tarifs")


async def test_the_workspace_chooses_the_language(open_board, build):
    """`?lang=` is only an exception to it."""
    workspace = replace(load_workspace(DEFAULT_WORKSPACE), language="fr")
    page = await open_board(app=build(workspace=workspace))
    await expect(page.locator("#stream-title")).to_have_text("Arrivées")


async def test_before_the_first_event_the_page_says_how_to_send_one(open_board, reports):
    """An empty board explains itself, and comes alive with the first event."""
    counters, totals = dict(reports.counters), reports.totals
    reports.counters.clear()
    reports.totals = Quality(0, 0, 0, 0, 0, Completeness(0, None))
    page = await open_board()
    await expect(page.locator("#empty h2")).to_be_visible()
    await expect(page.locator("#empty-command")).to_contain_text("/v1/track")
    await expect(page.locator("#kpi-dau")).to_be_hidden()
    reports.counters |= counters
    reports.totals = totals
    await expect(value_of(page, "dau")).to_be_visible()
    await expect(page.locator("#empty")).to_be_hidden()


async def test_while_the_warehouse_is_away_the_page_says_so(open_board, reports):
    """The last known numbers stay, marked, and go on by themselves."""
    page = await open_board()
    await expect(value_of(page, "dau")).to_have_text("210")
    reports.away = True
    await expect(page.locator("#banner")).to_contain_text("The engine is restarting")
    await expect(page.locator("#pulse-word")).to_have_text("Offline")
    await expect(value_of(page, "dau")).to_have_text("210")
    reports.away = False
    await expect(page.locator("#banner")).to_be_hidden()


async def test_charts_can_be_read_by_keyboard_and_as_tables(open_board):
    """The arrow keys go from day to day; restated and running days are said in words."""
    page = await open_board()
    await expect(page.locator("#actives-readout")).to_contain_text("running")
    await page.locator("#actives-chart").focus()
    for _ in range(3):
        await page.keyboard.press("ArrowLeft")
    await expect(page.locator("#actives-readout")).to_contain_text("Thu 19 Nov")
    await expect(page.locator("#actives-readout")).to_contain_text("restated")
    await page.locator("details summary").first.click()
    await expect(page.locator("#actives-table tbody tr").nth(3)).to_contain_text("restated")
    await expect(page.locator("#activation-table tbody tr").first).to_contain_text("maturing")


async def test_the_stream_can_be_paused(open_board, reports):
    """What moves can be stopped to be read, and goes on from now."""
    page = await open_board()
    await expect(page.locator("#events li")).to_have_count(30)
    await page.locator("#pause").click()
    reports.latest.insert(0, reports.latest[1] | {"message_id": "new", "event": "Report Shared"})
    reports.totals = replace(reports.totals, accepted=7)
    await expect(page.locator("#q-accepted")).to_have_text("7")
    await expect(page.locator("#events .name").first).to_have_text("Pricing")
    await page.locator("#pause").click()
    await expect(page.locator("#events .name").first).to_have_text("Report Shared")


async def test_from_another_machine_the_board_asks_for_the_key(open_board, build):
    """The key opens it, stream included; a wrong one says so."""
    page = await open_board(app=seen_from_elsewhere(build()), tolerate=("status of 401",))
    await page.get_by_label("Secret key").fill("nonsense")
    await page.keyboard.press("Enter")
    await expect(page.locator("#problem")).to_have_text("This key is not known here.")
    await page.get_by_label("Secret key").fill(SECRET_KEY)
    await page.keyboard.press("Enter")
    await expect(value_of(page, "dau")).to_have_text("210")
    await expect(page.locator("#pulse-word")).to_have_text("Live")


def seen_from_elsewhere(app):
    """The application as it is behind the collector's proxy, for a viewer beyond loopback."""

    async def behind_proxy(scope, receive, send):
        if scope["type"] == "http":
            headers = [*scope["headers"], (b"x-northstream-peer", b"203.0.113.9")]
            scope = dict(scope, client=None, headers=headers)
        await app(scope, receive, send)

    return behind_proxy
