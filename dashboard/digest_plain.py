"""A written digest as plain text and as Markdown, every word of people escaped.

Does not word anything: see `digest_words`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from dashboard.digest_words import Line, NoteLine, Story, WrittenDigest, note_lists

Texts = Mapping[str, str]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_SIGNS = {"red": "▼", "orange": "◆", "green": "●", "none": "·"}


def as_text(digest: WrittenDigest, texts: Texts, address: str) -> str:
    """Plain text; `address`: of the page on which decisions and actions are noted."""
    lines = [digest.title, digest.subtitle, ""]
    lines += [texts["digest_kpis"].upper(), *_text_lines(digest.kpis, texts["digest_no_kpis"]), ""]
    lines += [texts["digest_gaps"].upper(), *_text_gaps(digest, texts), ""]
    lines += [texts["digest_moves"].upper(), *_text_stories(digest.stories, texts["digest_no_moves"]), ""]
    for caption, notes in note_lists(digest, texts):
        lines += [caption.upper(), *_text_notes(notes, texts["digest_nothing_noted"]), ""]
    return "\n".join([*lines, f"{texts['digest_note_here']}: {address}", ""])


def _text_lines(lines: Sequence[Line], nothing: str) -> Iterator[str]:
    if not lines:
        yield f"  {nothing}"
    for line in lines:
        change = f" ({line.change})" if line.change else ""
        note = f" [{line.note}]" if line.note else ""
        yield f"  {_SIGNS[line.colour]} {line.label}: {line.value}{change} → {line.target} · {line.owner}{note}"


def _text_gaps(digest: WrittenDigest, texts: Texts) -> Iterator[str]:
    yield from _text_lines(digest.gaps, texts["digest_no_gaps"])
    if digest.more_gaps:
        yield f"  {digest.more_gaps}"


def _text_stories(stories: Sequence[Story], nothing: str) -> Iterator[str]:
    if not stories:
        yield f"  {nothing}"
    for story in stories:
        yield f"  {story.headline}"
        yield from (f"    - {reason}" for reason in story.reasons)


def _text_notes(notes: Sequence[NoteLine], nothing: str) -> Iterator[str]:
    if not notes:
        yield f"  {nothing}"
    for note in notes:
        facts = f" ({'; '.join(note.facts)})" if note.facts else ""
        yield f"  [{note.word}] {' '.join(note.text.split())}{facts}"


def as_markdown(digest: WrittenDigest, texts: Texts, address: str) -> str:
    """Markdown with tables, as wikis and chats read it."""
    mark = _marked
    head = [f"# {mark(digest.title)}", "", mark(digest.subtitle), ""]
    columns = ("digest_metric", "digest_value", "digest_change", "digest_target", "digest_status", "digest_owner")
    header = f"| {' | '.join(texts[name] for name in columns)} |\n|---|--:|--:|---|---|---|"
    kpis = [header, *(_markdown_row(line) for line in digest.kpis)] if digest.kpis else [texts["digest_no_kpis"]]
    gaps = [
        f"- {_SIGNS[g.colour]} **{mark(g.label)}** {mark(g.value)}, {mark(g.owner)}: {mark(g.decision)}"
        for g in digest.gaps
    ]
    gaps = [*gaps, *([mark(digest.more_gaps)] if digest.more_gaps else [])] or [texts["digest_no_gaps"]]
    stories = [
        line
        for story in digest.stories
        for line in (f"- {mark(story.headline)}", *(f"  - {mark(why)}" for why in story.reasons))
    ] or [texts["digest_no_moves"]]
    parts = [("digest_kpis", kpis), ("digest_gaps", gaps), ("digest_moves", stories)]
    lines = [line for name, content in parts for line in (f"## {texts[name]}", "", *content, "")]
    for caption, notes in note_lists(digest, texts):
        shown = [_markdown_note(note) for note in notes] or [texts["digest_nothing_noted"]]
        lines += [f"## {caption}", "", *shown, ""]
    return "\n".join([*head, *lines, f"[{texts['digest_note_here']}]({address})", ""])


def _markdown_row(line: Line) -> str:
    cells = (line.label, line.value, line.change, line.target, line.status, line.owner)
    return f"| {' | '.join(_marked(cell) for cell in cells)} |"


def _markdown_note(note: NoteLine) -> str:
    facts = f" ({_marked('; '.join(note.facts))})" if note.facts else ""
    return f"- **{note.word}** {_marked(note.text)}{facts}"


def _marked(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
