"""The board's words in each language, and which language a viewer gets.

Does not format numbers or dates: the browser does that, with the same locale.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import get_args

import orjson

from schemas.catalogue import Label
from schemas.definitions import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALES: Mapping[Language, str] = {"en": "en-GB", "fr": "fr-FR"}
_FOLDER = Path(__file__).parent / "texts"


@cache
def texts_of(language: Language) -> Mapping[str, str]:
    """Every word of the board by its name."""
    found: dict[str, str] = orjson.loads((_FOLDER / f"{language}.json").read_bytes())
    return found


def choose_language(asked: str | None, workspace: Language) -> Language:
    """What `?lang=` asks for, if it is spoken here; else the workspace's language."""
    return next((language for language in LANGUAGES if language == asked), workspace)


def said_in(label: Label, language: Language) -> str:
    """A label of the workspace in a language, in English when it has no such text."""
    return label.get(language) or label["en"]
