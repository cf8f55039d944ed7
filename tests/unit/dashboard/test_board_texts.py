"""Every word of the board exists in every language, and every closed list has its words."""

import re
from pathlib import Path

import pytest

import dashboard
from dashboard.failures import _STATUS, Reason
from dashboard.texts import LANGUAGES, choose_language, said_in, texts_of
from schemas.violations import Rule

FOLDER = Path(dashboard.__file__).parent


def test_all_languages_have_the_same_words():
    """A word added in one language only would break the page in another."""
    assert len({frozenset(texts_of(language)) for language in LANGUAGES}) == 1
    assert all(text.strip() for language in LANGUAGES for text in texts_of(language).values())


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_of_the_plan_has_words(rule):
    """Product people read "Missing required property", not a code."""
    assert "rule_" + re.sub("[^a-z]+", "_", rule) in texts_of("en")


@pytest.mark.parametrize("template", ["live.html", "login.html", "page.html", "head.html", "bar.html"])
def test_every_word_a_template_asks_for_exists(template):
    """A missing one would be a 500 on the first visit."""
    given = {"language", "other_language", "workspace", "timezone", "nonce", "problem", "back"}
    given |= {"title", "page", "script", "navigation", "context", "content", "head", "bar", "tools"}
    asked = set(re.findall(r"\$\{(\w+)\}", (FOLDER / "templates" / template).read_text()))
    assert asked - given <= set(texts_of("en"))


def test_every_word_a_script_asks_for_exists():
    """Scripts name words as `texts.word` or by a prefix."""
    scripts = "".join(path.read_text() for path in (FOLDER / "static").glob("*.js"))
    assert set(re.findall(r"\btexts\.(\w+)", scripts)) <= set(texts_of("en"))


def test_every_reason_has_a_status():
    """The list of failures is closed."""
    assert set(_STATUS) == set(Reason)


@pytest.mark.parametrize(("asked", "expected"), [(None, "fr"), ("en", "en"), ("fr", "fr"), ("de", "fr"), ("", "fr")])
def test_a_language_not_spoken_here_is_the_workspaces(asked, expected):
    """`?lang=` chooses among what there is."""
    assert choose_language(asked, "fr") == expected


def test_a_label_without_a_translation_is_said_in_english():
    """Workspaces need not be bilingual."""
    assert said_in({"en": "Signups"}, "fr") == "Signups"


def test_nothing_on_a_page_comes_from_outside():
    """No address of another host in what we wrote ourselves."""
    ours = [*FOLDER.glob("static/*"), *FOLDER.glob("templates/*")]
    found = {
        address
        for path in ours
        if path.is_file()
        for address in re.findall(r"https?://[^\s\"'<>)]+", path.read_text())
        if not address.startswith(("http://127.0.0.1", "http://www.w3.org/2000/svg"))
    }
    assert found == set()
