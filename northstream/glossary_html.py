"""A glossary as one HTML page that needs nothing else: no script, no font, no picture.

Does not choose what is said: see `northstream.glossary`.
"""

from html import escape

from northstream.glossary import Glossary, GlossaryEntry

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
nav ul { columns: 2 16rem; padding-left: 1.2rem; }
article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .5rem 0 1rem; }
h3 a { color: inherit; text-decoration: none; }
article:target { outline: 2px solid currentColor; outline-offset: .5rem; }
dl { display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: .2rem 1rem; margin: 0; font-size: .9rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
"""


def as_html(glossary: Glossary, other: str) -> str:
    """The page. `other`: the file name of the other language."""
    listed = "".join(
        f'<li><a href="#{entry.id}">{escape(entry.label)}</a></li>'
        for _, entries in glossary.stages
        for entry in entries
    )
    stages = "".join(
        f"<section><h2>{escape(heading)}</h2>{''.join(map(_article, entries))}</section>"
        for heading, entries in glossary.stages
    )
    return (
        f'<!doctype html>\n<html lang="{glossary.language}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(glossary.title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><header><h1>{escape(glossary.title)}</h1>"
        f'<p><a href="{escape(other)}">{escape(glossary.other_language)}</a></p></header>\n'
        f"<nav><ul>{listed}</ul></nav>\n<main>{stages}</main></body></html>\n"
    )


def _article(entry: GlossaryEntry) -> str:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in entry.facts)
    return (
        f'<article id="{entry.id}"><h3><a href="#{entry.id}">{escape(entry.label)}</a></h3>'
        f"<p>{escape(entry.definition)}</p><dl>{facts}</dl></article>\n"
    )
