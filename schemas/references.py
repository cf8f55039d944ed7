"""Names that one file of a workspace gives and another refers to: what is unknown becomes a finding with a hint.

Does not read files.
"""

import re
from collections.abc import Collection, Iterable

from schemas.yaml_lines import Findings, Text, did_you_mean
from schemas.yaml_sections import Section

LONGEST_NAME = 200

_ID = re.compile(r"[a-z][a-z0-9_]*")


def read_id(section: Section, pattern: "re.Pattern[str]" = _ID, example: str = "my_funnel_2 (a–z, 0–9, _)") -> str:
    """The `id` of an entry; one of another form is a finding."""
    identifier = section.text("id", required=True)
    if identifier and pattern.fullmatch(identifier) is None:
        section.report(section.line_of("id"), f'"id" must be like {example}, not "{identifier}"')
    return identifier


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def check_name(name: Text, kind: str, findings: Findings) -> None:
    """Report a name that people could not read in a subject line: empty, of several lines, or endless."""
    if not name.value.strip() or not name.value.isprintable() or len(name.value) > LONGEST_NAME:
        message = f"the name of a {kind} must be one line of 1 to {LONGEST_NAME} characters"
        findings.add(name.file, name.line, message)


def check_planned(event: Text, events: Iterable[str], findings: Findings) -> None:
    """Report an event that is not in the tracking plan; empty is left alone."""
    if event.value and event.value not in events:
        hint = did_you_mean(event.value, events) or "; add it to plan/"
        findings.add(event.file, event.line, f'"{event.value}" is no planned event{hint}')


def check_known(name: Text, kind: str, known: Collection[str], findings: Findings) -> None:
    """Report a name that nothing has; empty is left alone."""
    if name.value and name.value not in known:
        hint = did_you_mean(name.value, known) or "; define it first"
        findings.add(name.file, name.line, f'there is no {kind} "{name.value}"{hint}')
