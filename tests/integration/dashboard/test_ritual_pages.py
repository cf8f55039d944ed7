"""The weekly digest and the first-run guide in a real Chromium: what people note and choose is kept."""

from pathlib import Path

import axe_playwright_python
import pytest
import pytest_asyncio
from playwright.async_api import expect

from northstream.settings import Settings
from northstream.workspace_editing import FolderEditor
from schemas.catalogue_files import load_catalogue
from schemas.workspace import load_workspace

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
HOSTILE = '<img src=x onerror="document.title=1"> & “quotes”'


@pytest_asyncio.fixture(loop_scope="module")
async def visit(chromium, build, serve):
    """Opens a page of an application; fails the test if the page complains."""
    contexts, complaints = [], []

    async def open_page(path, app=None, **options):
        home = serve(app or build())
        context = await chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        await page.goto(home + path)
        await expect(page.locator("body")).to_have_attribute("data-state", "ready", timeout=30_000)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []


async def test_what_is_noted_in_one_week_is_found_in_the_next(visit):
    """A decision with its outcome, an action with owner, due day and budget until it is done; text stays text."""
    page = await visit("/digest?week=2026-W46")
    await expect(page.locator("#digest-kpis tbody tr")).not_to_have_count(0)
    await page.get_by_text("Note a decision", exact=True).click()
    decision = page.get_by_role("form", name="Note a decision")
    await decision.get_by_label("Course").select_option("kill")
    await decision.get_by_label("What", exact=True).fill(HOSTILE)
    await decision.get_by_role("button", name="Save").click()
    await expect(page.locator("#digest-decisions li")).to_contain_text(f"Kill {HOSTILE}")
    await page.get_by_text("Note an action", exact=True).click()
    action = page.get_by_role("form", name="Note an action")
    for label, value in (("What", "Call ten"), ("Owner", "ana"), ("Due", "2026-12-01"), ("Budget (EUR)", "1200.50")):
        await action.get_by_label(label, exact=True).fill(value)
    await action.get_by_role("button", name="Save").click()
    noted = page.locator("#digest-actions li")
    await expect(noted).to_contain_text("Call ten")
    await expect(noted).to_contain_text("Owner: ana · Due: 1 Dec 2026 · Budget: €1,200.50")
    await page.get_by_role("link", name="Week after").click()
    await expect(page.locator("#digest-decisions")).to_contain_text("Nothing noted.")
    earlier = page.locator("#digest-earlier-decisions li")
    await earlier.get_by_role("button", name="Note the outcome").click()
    await earlier.get_by_label("Outcome").fill("Churn fell")
    await earlier.get_by_role("button", name="Save").click()
    await expect(earlier).to_contain_text("Outcome: Churn fell")
    await page.locator("#digest-earlier-actions").get_by_role("button", name="Done").click()
    await expect(page.locator("#digest-earlier-actions .tag")).to_have_text("done")
    assert "1" not in await page.title()


async def test_the_guide_writes_what_was_chosen_once_it_was_seen(visit, build, tmp_path):
    """North star, inputs, a target, a board: shown as a diff, then in the data folder; axe finds nothing on the way."""
    settings = Settings(data_dir=tmp_path)
    page = await visit("/start?lang=en", build(editor=FolderEditor(settings)))
    await page.locator('input[name="star"][value="arr"]').check()
    await page.locator("summary", has_text="Referral").click()
    while await page.locator('input[name="referral"]:checked').count():
        await page.locator('input[name="referral"]:checked').first.uncheck()
    await page.get_by_label("Target: Net promoter score").fill("55")
    await page.get_by_label("By: Net promoter score").fill("2027-03-31")
    await page.get_by_label("Name of the board").fill("Board of the founders")
    await page.get_by_role("button", name="Show the changes").click()
    await expect(page.locator("#changes")).to_contain_text("+north_star: arr")
    await expect(page.locator("#changes")).to_contain_text("+  target: {value: 55, by: 2027-03-31}")
    assert list(tmp_path.iterdir()) == []
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]] == []
    await page.set_viewport_size({"width": 375, "height": 812})
    assert await page.evaluate("document.documentElement.scrollWidth") == 375
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="Open the first page")).to_be_visible()
    folder = tmp_path / "workspace"
    catalogue = load_catalogue(folder, load_workspace(folder))
    assert (catalogue.tree.metric, catalogue.metrics["nps"].target.value) == ("arr", 55)
    assert "referral" not in {node.branch for node in catalogue.tree.inputs}
    assert catalogue.boards[catalogue.opening_board].label["en"] == "Board of the founders"
