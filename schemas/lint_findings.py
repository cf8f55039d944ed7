"""Findings of a lint, and the exceptions that are recorded for them.

Does not judge: see `schemas.metric_lint`, `schemas.board_lint` and `schemas.alert_lint`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from schemas.catalogue import Label, LintException
from schemas.definitions import Language
from schemas.yaml_lines import Finding, did_you_mean

Level = Literal["error", "warning"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Subject(Protocol):
    """What a finding is about: a metric, a board, an alert rule, …; `line` is where it begins."""

    @property
    def id(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def exceptions(self) -> tuple[LintException, ...]: ...


@dataclass(frozen=True, slots=True, order=True)
class LintFinding:
    """A broken rule. A `warning` depends on the calendar or on data: it does not make the lint fail."""

    file: str
    line: int
    subject: str
    rule: str
    message: str
    level: Level = "error"

    def __str__(self) -> str:
        mark = "warning: " if self.level == "warning" else ""
        return f"{self.file}:{self.line}: {mark}{self.subject}: {self.message} [{self.rule}]"


def finding(subject: Subject, rule: str, message: str, level: Level = "error") -> LintFinding:
    """A finding at the place of its subject."""
    return LintFinding(subject.file, subject.line, subject.id, rule, message, level)


def missing_languages(subject: Subject, key: str, text: Label) -> Iterator[LintFinding]:
    """Findings for a text that one of the languages lacks; a text that is nowhere is another matter."""
    for language in LANGUAGES if any(text.values()) else ():
        if not text.get(language):
            yield finding(subject, "missing-language", f'the {key} has no text in "{language}"')


def of_whole_subjects(
    findings: Iterable[LintFinding], subjects: Iterable[Subject], unreadable: Sequence[Finding]
) -> list[LintFinding]:
    """Without those of metrics and boards that could not be read whole: what seems to lack there may only be misspelt.

    A subject ends where the next one of its file begins.
    """
    starts: dict[str, list[int]] = {}
    for subject in subjects:
        starts.setdefault(subject.file, []).append(subject.line)
    torn = set()
    for item in unreadable:
        before = [line for line in starts.get(item.file, ()) if line <= item.line]
        if before:
            torn.add((item.file, max(before)))
    return [item for item in findings if (item.file, item.line) not in torn]


def without_exceptions(
    findings: Iterable[LintFinding], subjects: Iterable[Subject], rules: Mapping[str, str], checked: Collection[str]
) -> list[LintFinding]:
    """What is left, and what is wrong with the exceptions themselves.

    Args:
        findings: of all rules in `checked`.
        subjects: all that were judged, with their exceptions.
        rules: every rule there is, with what it asks for.
        checked: the rules that could be judged now; an exception from another cannot be called unused.
    """
    found = list(findings)
    broken = {(item.file, item.subject, item.rule) for item in found}
    excepted: set[tuple[str, str, str]] = set()
    for subject in subjects:
        for exception in subject.exceptions:
            key = (subject.file, subject.id, exception.rule)
            if exception.rule not in rules:
                hint = did_you_mean(exception.rule, rules) or f"; there are {', '.join(sorted(rules))}"
                found.append(finding(subject, "unknown-rule", f'there is no rule "{exception.rule}"{hint}'))
            elif key in broken:
                excepted.add(key)
            elif exception.rule in checked:
                message = f'the exception from "{exception.rule}" is not needed any more; remove it'
                found.append(finding(subject, "unused-exception", message))
    return sorted(item for item in found if (item.file, item.subject, item.rule) not in excepted)
