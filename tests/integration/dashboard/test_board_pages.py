"""The pages of boards, metrics, the tree and the library in a real Chromium: what people see, with and without eyes."""

import re
from pathlib import Path

import axe_playwright_python
import pytest
import pytest_asyncio
from playwright.async_api import expect

from schemas.reading import Completeness, Quality

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
PAGES = [
    "/",
    "/boards/exec",
    "/boards/squad-activation",
    "/boards/experiment-onboarding",
    "/boards",
    "/metrics/activation_rate?split=channel&compare=year",
    "/tree",
    "/customers",
    "/digest",
]
NARROW_SPACE, FIRM_SPACE = "\u202f", "\u00a0"
HOSTILE = '<img src=x onerror="document.title=1">'


@pytest_asyncio.fixture(loop_scope="module")
async def visit(chromium, home):
    """Opens a page and waits until it has its numbers; fails the test if the page complains or asks elsewhere."""
    contexts, complaints, asked = [], [], []

    async def open_page(path, tolerate=(), **options):
        context = await chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        contexts.append(context)
        page = await context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def listen(message):
            if message.type in ("error", "warning") and not any(text in message.text for text in tolerate):
                complaints.append(f"{path}: {message.text}")

        page.on("console", listen)
        await page.goto(home + path)
        await expect(page.locator("body")).to_have_attribute("data-state", re.compile("ready|failed"), timeout=30_000)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((home, "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
async def test_axe_finds_nothing_serious(visit, scheme):
    """Contrast, names, roles, order: on every page, in both schemes."""
    found = []
    for path in PAGES:
        page = await visit(path, color_scheme=scheme, reduced_motion="reduce")
        await page.evaluate(AXE)
        result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (path, rule["id"], node["html"][:120], node["failureSummary"][:300])
            for rule in result["violations"]
            for node in rule["nodes"][:2]
        ]
        await page.close()
    assert found == []


async def test_a_phone_needs_no_sideways_scrolling(visit):
    """At 375 pixels tables scroll inside themselves, pages never."""
    for path in (*PAGES, "/tree?lang=fr", "/boards/template-finance?lang=fr"):
        page = await visit(path, viewport={"width": 375, "height": 812})
        assert (path, await page.evaluate("document.documentElement.scrollWidth")) == (path, 375)
        await page.close()


async def test_the_overview_reads_from_top_to_bottom(visit):
    """Period, updated, owner; the north star; four figures; the stages; cohorts; what to do; method."""
    page = await visit("/")
    await expect(page.locator("h1")).to_have_text("Overview")
    await expect(page.locator(".facts-line")).to_contain_text("26 Oct – 22 Nov 2026")
    await expect(page.locator(".facts-line")).to_contain_text("Owner growth")
    kinds = await page.locator(".sheet .section").evaluate_all("all => all.map(each => each.className.split('of-')[1])")
    assert kinds == ["number", "number", "stages", "cohorts", "decisions", "notes"]
    await expect(page.locator(".star h3")).to_have_text("Activated users per week")
    names = await page.locator(".figure").evaluate_all("all => all.map(each => each.dataset.metric)")
    assert names == ["mrr", "mau", "churn_monthly", "cac"]
    await expect(page.locator(".data .group").first).to_have_text("Awareness")
    await expect(page.locator(".nav a")).to_contain_text(["Overview", "Boards", "Tree", "Live"])


async def test_a_figure_says_everything_about_itself(visit):
    """Value, change in words, colour in words, target, decision, owner, completeness, what still runs."""
    page = await visit("/")
    card = page.locator('.figure[data-metric="churn_monthly"]')
    await expect(card.locator(".amount")).to_have_text(re.compile(r"^[\d,.]+%$"))
    await expect(card.locator(".change")).to_contain_text(re.compile(r"▲.\+[\d.]+.pts worse"))
    await expect(card.locator(".status")).to_have_text("Off track")
    for words in ("Target 3.0% by 31 Dec 2026", "Decision: If red", "Owner revenue", "Complete through", "running"):
        await expect(card).to_contain_text(words)
    assert await card.locator("svg path").count() >= 2


async def test_a_definition_is_one_key_away(visit):
    """Enter opens it, Escape closes it and gives the focus back."""
    page = await visit("/")
    button = page.get_by_role("button", name="Definition of MRR")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog h2")).to_have_text("MRR")
    await expect(page.locator("dialog")).to_contain_text("MRR = ARPU × paying customers")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_be_hidden()
    await expect(button).to_be_focused()


async def test_the_address_holds_the_question(visit, home):
    """A link shares it, the back button undoes it, other pages go on with it."""
    page = await visit("/boards/exec")
    await page.locator('select[name="period"]').select_option("last_week")
    await expect(page.locator(".facts-line")).to_contain_text(re.compile("9.–.15 Nov 2026"))
    await page.locator('select[name="compare"]').select_option("year")
    await expect(page.locator(".facts-line")).to_contain_text(re.compile("9.–.15 Nov 2025"))
    await page.get_by_label("Segment").select_option("channel")
    await page.get_by_label("Value").select_option("not said")
    await expect(page.locator(".chips .chip")).to_contain_text("channel: not said")
    assert page.url == f"{home}/boards/exec?period=last_week&compare=year&segment=channel%3A"
    filtered = await page.locator('[data-metric="mrr"] .amount').text_content()
    shared = await visit(page.url.removeprefix(home))
    await expect(shared.locator('[data-metric="mrr"] .amount')).to_have_text(filtered)
    await expect(shared.locator('select[name="period"]')).to_have_value("last_week")
    link = await shared.locator('[data-metric="mrr"] h3 a').get_attribute("href")
    assert "period=last_week&compare=year&segment=channel%3A" in link
    await page.go_back()
    await expect(page.locator(".chips .chip")).to_have_count(0)
    await expect(page.locator('[data-metric="mrr"] .amount')).not_to_have_text(filtered)


async def test_any_range_of_days_can_be_asked_for(visit):
    """Two fields appear; the board follows."""
    page = await visit("/boards/exec")
    await page.locator('select[name="period"]').select_option("custom")
    await page.get_by_label("From", exact=True).fill("2026-10-05")
    await page.get_by_label("To", exact=True).fill("2026-10-18")
    await expect(page.locator(".facts-line")).to_contain_text(re.compile("5.–.18 Oct 2026"))
    await expect(page.locator(".facts-line")).to_contain_text("21 Sept – 4 Oct 2026")


async def test_the_exec_board_fits_a_screen_and_a_sheet(visit):
    """1440 × 900 without scrolling; one page of A4 landscape."""
    page = await visit("/boards/exec")
    assert await page.evaluate("document.documentElement.scrollHeight") <= 900
    await expect(page.locator(".rows li")).to_have_count(3)
    await expect(page.locator(".of-decisions")).to_contain_text("due 27 Nov 2026 · expected effect: aha rate +3 points")
    sheet = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheet).groups())
    assert (round(width), round(height)) == (842, 595)


async def test_variants_stand_side_by_side_under_a_verdict(visit):
    """Exposure, conversion with its interval, uplift, revenue, churn; whether the shares are as they should be."""
    page = await visit("/boards/experiment-onboarding")
    rows = page.locator(".sheet > .card tbody tr")
    await expect(rows).to_contain_text(["control1,210", "guided1,188"])
    await expect(rows.nth(1)).to_contain_text("39.4%")
    await expect(page.locator(".sheet > .card .status")).to_have_text("Scale")
    await expect(page.locator(".sheet > .card")).to_contain_text("Sample ratio as expected")


async def test_french_throughout(visit):
    """Words, money, per cent, days; of the page and of the workspace."""
    page = await visit("/?lang=fr", locale="de-DE", timezone_id="America/New_York")
    await expect(page.locator("h1")).to_have_text("Vue d'ensemble")
    await expect(page.locator(".facts-line")).to_contain_text("26 oct. – 22 nov. 2026")
    money = await page.locator('[data-metric="mrr"] .amount').text_content()
    assert re.fullmatch(rf"\d+{NARROW_SPACE}\d+{FIRM_SPACE}€", money)
    await expect(page.locator('[data-metric="mrr"] .status')).to_have_text("Hors objectif")
    await expect(page.locator("#other-language")).to_have_attribute("href", "?lang=en")


async def test_a_series_is_read_by_keyboard_and_as_a_table(visit):
    """The arrow keys go along the line; running and maturing buckets are said in words."""
    page = await visit("/metrics/activation_rate")
    await expect(page.locator(".readout")).to_contain_text("running")
    await page.locator(".series-chart canvas").wait_for()
    await page.locator(".series-chart").focus()
    for _ in range(4):
        await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".readout")).to_contain_text("18 Nov 2026")
    await expect(page.locator(".readout")).to_contain_text("maturing")
    await page.locator(".charted summary").click()
    await expect(page.locator(".charted tbody tr")).to_have_count(60)


async def test_a_number_leads_to_its_segments_reasons_and_people(visit):
    """Split by channel with those who said nothing; why it moved; who is behind it, as a file too."""
    page = await visit("/metrics/mrr")
    await page.get_by_label("Split by").select_option("channel")
    await expect(page.locator("#segments .parts li")).to_contain_text(["ads", "search", "not said", "partner"])
    await expect(page.locator("#segments table")).to_contain_text("not said")
    assert "split=channel" in page.url
    await expect(page.locator(".why-list").first).to_contain_text("Signups")
    await expect(page.get_by_role("cell", name="€500", exact=True)).to_be_visible()
    link = page.get_by_role("link", name="CSV").last
    assert "/view/metrics/mrr/members.csv?" in await link.get_attribute("href")


async def test_an_annotation_is_text_in_the_list_and_a_mark_in_the_chart(visit):
    """Whatever people write, it never becomes markup."""
    page = await visit("/metrics/mau")
    await page.get_by_label("What happened").fill(HOSTILE)
    await page.get_by_role("button", name="Add").click()
    await expect(page.locator("#annotations li").first).to_contain_text(HOSTILE)
    assert await page.locator("#annotations img").count() == 0
    await expect(page.locator(".swatches")).to_contain_text("Annotations")
    assert await page.title() == "Monthly active people · Northwind Projects"


async def test_what_is_not_there_says_so_and_what_to_do(visit):
    """An unknown board, and a question that cannot be answered."""
    page = await visit("/boards/nope", tolerate=("404",))
    await expect(page.locator(".whole")).to_contain_text('there is no board "nope"')
    await page.get_by_role("link", name="All boards").click()
    await expect(page.locator("h1")).to_have_text("Boards and metrics")
    page = await visit("/boards/exec?segment=shoe_size%3A44", tolerate=("422",))
    await expect(page.locator(".whole")).to_contain_text('there is no dimension "shoe_size"')


async def test_every_metric_waits_in_the_library(visit):
    """Found by a part of its name, owner or stage."""
    page = await visit("/boards")
    await expect(page.locator(".tile b").first).to_be_visible()
    await page.get_by_label("Search").fill("runway")
    await expect(page.locator(".stage tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Cash runway").click()
    await expect(page.locator("h1")).to_have_text("Cash runway")


async def test_light_or_dark_can_be_chosen(visit):
    """Against the system, and it stays chosen on the next page."""
    luminance = (
        "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    page = await visit("/tree", color_scheme="dark")
    assert await page.evaluate(luminance) < 120
    await page.get_by_role("button", name="Light or dark").click()
    assert await page.evaluate(luminance) > 690
    await page.get_by_role("link", name="Boards").click()
    await expect(page.locator("h1")).to_have_text("Boards and metrics")
    assert await page.evaluate(luminance) > 690


async def test_a_doubt_under_the_whole_range_is_said_once(visit):
    """On every row it would tell nothing."""
    page = await visit("/metrics/activation_rate")

    async def doubt_all(route):
        answer = await (await route.fetch()).json()
        for share in [*answer["inputs"], *(each for shares in answer["segments"].values() for each in shares)]:
            share["suspect"] = "incomplete"
        await route.fulfill(json=answer)

    await page.route("**/why?*", doubt_all)
    await page.reload()
    said = page.get_by_text("Doubtful data under the whole range: not all of it has arrived.")
    await expect(said).to_have_count(1)
    await expect(page.locator(".why-list").first).to_contain_text("Signups")
    await expect(page.locator(".why-list .warned")).to_have_count(0)


async def test_a_card_over_two_versions_of_a_definition_says_so(visit):
    """Its value counts every day by the newer one; the line keeps what was published."""
    page = await visit("/boards/exec")
    card = page.locator('.figure[data-metric="mrr"]')
    await expect(card).not_to_contain_text("definition v")

    async def change_definition(route):
        answer = await (await route.fetch()).json()
        for shown in (card for section in answer["sections"] for card in section["cards"]):
            shown["version"] = 2
        await route.fulfill(json=answer)

    await page.route("**/view/boards/exec*", change_definition)
    await page.reload()
    await expect(card).to_contain_text("definition v2")


async def test_the_trees_branches_stand_in_one_row(visit):
    """From 1100 pixels on, all six below the line that joins them; no name or number leaves its box."""
    page = await visit("/tree", viewport={"width": 1100, "height": 900})
    tops = await page.locator(".branch").evaluate_all("all => all.map(each => each.getBoundingClientRect().top)")
    assert (len(tops), len(set(tops))) == (6, 1)
    wide = await page.locator(".node").evaluate_all(
        "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
    )
    assert wide == 0


async def test_customers_at_risk_have_reasons_and_owners(visit):
    """And beside them stands what the best customers do that those who left did not."""
    page = await visit("/customers")
    await expect(page.locator("#at-risk tbody tr")).to_have_count(25)
    await expect(page.locator("#at-risk tbody tr").nth(1)).to_contain_text("u:person-1supportidle")
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("#at-risk tbody tr")).to_have_count(50)
    await expect(page.locator("#best-and-churned tbody tr").first).to_contain_text(
        "Report Shared75%10%+65 pts".replace(" pts", FIRM_SPACE + "pts")
    )


async def test_while_the_warehouse_is_away_a_board_keeps_its_numbers(chromium, build, serve, reports):
    """Under a sentence that says so; a page that has none yet says what to do. Both come back."""
    page = await chromium.new_page()
    home = serve(build())
    reports.away = True
    await page.goto(f"{home}/boards/exec")
    await expect(page.locator(".whole")).to_contain_text("The engine does not answer")
    reports.away = False
    await page.get_by_role("button", name="Try again").click()
    figure = page.locator('[data-metric="mrr"] .amount')
    await expect(figure).to_have_text("€15,428")
    reports.away = True
    await page.locator('select[name="period"]').select_option("7d")
    await expect(page.locator("#banner")).to_contain_text("The engine is restarting")
    await expect(figure).to_have_text("€15,428")
    reports.away = False
    await expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
    await expect(page.locator(".facts-line")).to_contain_text(re.compile("16.–.22 Nov 2026"))
    await page.close()


async def test_before_the_first_event_a_board_says_how_to_begin(chromium, build, serve, reports):
    """No card is blank without a reason, and the first steps are one click away."""
    reports.totals = Quality(0, 0, 0, 0, 0, Completeness(0, None))
    page = await chromium.new_page()
    await page.goto(f"{serve(build())}/")
    await expect(page.locator(".whole")).to_contain_text("Waiting for the first event")
    await expect(page.locator(".whole pre")).to_contain_text("/v1/track")
    await expect(page.get_by_role("link", name="Open the guide")).to_have_attribute("href", "/start?lang=en")
    await page.close()
