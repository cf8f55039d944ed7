"""A glossary as Markdown, one anchor per metric.

Does not choose what is said: see `northstream.glossary`.
"""

import re

from northstream.glossary import Glossary, GlossaryEntry

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|])")


def as_markdown(glossary: Glossary, other: str) -> str:
    """The document. `other`: the file name of the other language."""
    parts = [f"# {_plain(glossary.title)}\n\n[{glossary.other_language}]({other})\n"]
    for heading, entries in glossary.stages:
        parts.append(f"\n## {_plain(heading)}\n")
        parts += map(_entry, entries)
    return "".join(parts)


def _entry(entry: GlossaryEntry) -> str:
    facts = "".join(f"- **{_plain(name)}**: {_plain(text)}\n" for name, text in entry.facts)
    return f'\n<a id="{entry.id}"></a>\n\n### {_plain(entry.label)}\n\n{_plain(entry.definition)}\n\n{facts}'


def _plain(text: str) -> str:
    """The text on one line, with nothing in it that Markdown would read as a sign."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
