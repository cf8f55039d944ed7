"""A written digest as a whole HTML document, as an e-mail carries it: its style inside, nothing loaded from elsewhere.

Does not send it.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from dashboard.digest_markup import as_html
from dashboard.digest_words import WrittenDigest
from schemas.definitions import Language

_FRAME = Template((Path(__file__).parent / "templates" / "digest_mail.html").read_text())


def as_mail(digest: WrittenDigest, texts: Mapping[str, str], home: str, address: str, language: Language) -> str:
    """The document. `home`: where our pages begin; `address`: of the page on which decisions and actions are noted."""
    return _FRAME.substitute(
        language=language,
        title=escape(digest.title),
        subtitle=escape(digest.subtitle),
        content=as_html(digest, texts, lambda metric: f"{home}/metrics/{metric}?lang={language}", is_page=False),
        address=escape(address),
        note_here=escape(texts["digest_note_here"]),
    )
