"""A written digest as HTML for a page and for an e-mail, every word escaped.

Does not word anything: see `digest_words`.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from dashboard.digest_words import Line, NoteLine, Story, WrittenDigest, note_lists

Texts = Mapping[str, str]
Links = Callable[[str], str]
"""The address of a metric's page."""


def as_html(digest: WrittenDigest, texts: Texts, links: Links, is_page: bool) -> str:
    """The digest's sections as markup.

    On a page notes carry what its script needs to change them, and every section has a place for its form.
    """
    parts = [
        _section("digest-kpis", texts["digest_kpis"], _table(digest.kpis, texts, texts["digest_no_kpis"], links)),
        _section("digest-gaps", texts["digest_gaps"], _gaps(digest, texts, links)),
        _section("digest-moves", texts["digest_moves"], _stories(digest.stories, texts["digest_no_moves"], links)),
    ]
    names = ("earlier-decisions", "earlier-actions", "decisions", "actions")
    for name, (caption, notes) in zip(names, note_lists(digest, texts), strict=True):
        listed = _notes(notes, texts["digest_nothing_noted"], is_page)
        place = f'<div data-form="{name}"></div>' if is_page and not name.startswith("earlier") else ""
        parts.append(_section(f"digest-{name}", caption, listed + place))
    if digest.not_computable:
        problems = "".join(f"<li>{escape(each)}</li>" for each in digest.not_computable)
        parts.append(_section("digest-problems", texts["digest_not_computable"], f"<ul>{problems}</ul>"))
    return "\n".join(parts)


def _section(name: str, caption: str, content: str) -> str:
    return f'<section class="card" id="{name}"><h2>{escape(caption)}</h2>{content}</section>'


def _table(lines: Sequence[Line], texts: Texts, nothing: str, links: Links) -> str:
    if not lines:
        return f'<p class="nothing">{escape(nothing)}</p>'
    names = ("digest_metric", "digest_value", "digest_change", "digest_target", "digest_status", "digest_owner")
    head = "".join(f'<th scope="col">{escape(texts[name])}</th>' for name in names)
    rows = "".join(_row(line, links) for line in lines)
    return (
        f'<div class="scroll-x" tabindex="0" role="region" aria-label="{escape(texts["digest_kpis"])}">'
        f'<table class="data"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(line: Line, links: Links) -> str:
    note = f'<br><small class="hint">{escape(line.note)}</small>' if line.note else ""
    return (
        f'<tr><th scope="row">{_linked(line.metric, line.label, links)}{note}</th><td>{escape(line.value)}</td>'
        f"<td>{_change(line)}</td><td>{escape(line.target)}</td><td>{_status(line)}</td>"
        f"<td>{escape(line.owner)}</td></tr>"
    )


def _change(line: Line) -> str:
    if line.is_better is None:
        return escape(line.change)
    return f'<span class="{"better" if line.is_better else "worse"}">{escape(line.change)}</span>'


def _status(line: Line) -> str:
    return f'<span class="status" data-status="{line.colour}">{escape(line.status)}</span>'


def _gaps(digest: WrittenDigest, texts: Texts, links: Links) -> str:
    if not digest.gaps:
        return f'<p class="nothing">{escape(texts["digest_no_gaps"])}</p>'
    items = "".join(
        f"<li><span>{_status(line)} {_linked(line.metric, line.label, links)}"
        f" <b>{escape(line.value)}</b> {_change(line)}"
        f' · {escape(line.owner)}</span><span class="under">{escape(line.decision)}</span></li>'
        for line in digest.gaps
    )
    more = f'<p class="hint">{escape(digest.more_gaps)}</p>' if digest.more_gaps else ""
    return f'<ul class="rows">{items}</ul>{more}'


def _stories(stories: Sequence[Story], nothing: str, links: Links) -> str:
    if not stories:
        return f'<p class="nothing">{escape(nothing)}</p>'
    items = "".join(
        f"<li><span>{_linked(story.metric, story.headline, links)}</span>"
        + "".join(f'<span class="under">{escape(reason)}</span>' for reason in story.reasons)
        + "</li>"
        for story in stories
    )
    return f'<ul class="rows">{items}</ul>'


def _notes(notes: Sequence[NoteLine], nothing: str, is_page: bool) -> str:
    if not notes:
        return f'<p class="nothing">{escape(nothing)}</p>'
    return f'<ul class="rows">{"".join(_note(note, is_page) for note in notes)}</ul>'


def _note(note: NoteLine, is_page: bool) -> str:
    data = f' data-note="{note.kind}/{escape(note.id)}" data-version="{note.version}"' if is_page else ""
    text = escape(note.text).replace("\n", "<br>")
    facts = f'<span class="under">{escape(" · ".join(note.facts))}</span>' if note.facts else ""
    return f'<li{data} data-state="{note.state}"><span><b class="tag">{escape(note.word)}</b> {text}</span>{facts}</li>'


def _linked(metric: str, label: str, links: Links) -> str:
    return f'<a href="{escape(links(metric))}">{escape(label)}</a>'
