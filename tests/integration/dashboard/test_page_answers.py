"""What the server says of pages before any script runs: frames, statuses, pictures."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

HOSTILE = '</script><svg onload=alert(1)> & "quotes" \''
SVG = "{http://www.w3.org/2000/svg}"


def words_of(picture):
    return [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("lang", "board", "period", "value"),
    [("en", "Overview", "26 Oct – 22 Nov 2026", "€15,428"), ("fr", "Vue d'ensemble", "26 oct. – 22 nov. 2026", "€")],
)
async def test_a_board_is_a_picture_by_its_address(ask, lang, board, period, value):
    """Well-formed SVG with every key figure once, in the language asked for, that runs no script."""
    answer = await ask("/boards/overview.svg", lang=lang)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert "script-src" not in answer.headers["content-security-policy"]
    words = words_of(answer.text)
    assert words[0] == board
    assert words[1].startswith(period)
    assert any(value in word for word in words)
    assert len(words) == len([word for word in words if word.strip()])
    assert "<script" not in answer.text


async def test_a_picture_is_asked_as_its_board_is(ask):
    """Period and segment change it; an unknown board, day or dimension is refused."""
    whole, part = [await ask("/boards/exec.svg", **asked) for asked in ({}, {"segment": "channel:ads"})]
    assert whole.text != part.text
    assert "9–15 Nov 2026" in (await ask("/boards/exec.svg", to="2026-11-15", days="7")).text
    for path, asked, status in (
        ("nope", {}, 404),
        ("exec", {"to": "soon"}, 422),
        ("exec", {"days": "0"}, 422),
        ("exec", {"segment": "shoe_size:44"}, 422),
    ):
        assert (await ask(f"/boards/{path}.svg", **asked)).status_code == status


async def test_names_of_the_workspace_stay_text_everywhere(build, client_of, measures):
    """In the frame, in what it tells the scripts, and in a picture."""
    board = replace(measures.known.boards["exec"], label={"en": HOSTILE}, owner=HOSTILE)
    measures.known = replace(measures.known, boards={**measures.known.boards, "exec": board})
    app = build()
    async with client_of(app) as client:
        page = (await client.get("/boards/exec")).text
        picture = (await client.get("/boards/exec.svg")).text
    assert "<svg onload" not in page
    told = re.search(r'<script type="application/json" id="context">(.*?)</script>', page, re.DOTALL)
    assert json.loads(told[1])["told"] == {"board": "exec"}
    assert words_of(picture)[0] == HOSTILE


@pytest.mark.parametrize("path", ["/boards/nope", "/metrics/nope"])
async def test_a_page_of_nothing_says_404_and_is_a_page_all_the_same(ask, path):
    """Machines read the status, people the page."""
    answer = await ask(path)
    assert answer.status_code == 404
    assert "<main" in answer.text


async def test_a_name_in_the_address_cannot_leave_its_place(ask):
    """It is told to the script as JSON, in which `<` is written otherwise."""
    answer = await ask("/boards/%3Cscript%3Ealert(1)")
    assert answer.text.count("<script") == 5
    assert "<script>alert" not in answer.text
