"""YAML read with line numbers: every problem becomes a finding with its file and line, and reading goes on.

Does not know what a workspace is: see `schemas.workspace`.
"""

import difflib
import math
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

STRING, BOOLEAN, NULL = (f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "null"))
_BLOCK_PROBLEMS = ("expected chomping", "expected a comment or a line break")
_QUOTES = '; put text that begins with > or | in quotes, like "> 20"'
_NAME_PROBLEMS = ("found undefined alias", "found duplicate anchor", "found undefined tag handle")
_NAME_QUOTES = "; put text that begins with *, & or ! in quotes"
"""Behind these words stands what an author wrote: perhaps a password."""
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""What JSON writes as two of these is one character in YAML: "\\U0001F680", not "\\ud83d\\ude80"."""
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One problem: where it is (`file` relative to the workspace, `line` from 1) and what to do about it."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(slots=True)
class Findings:
    """Collects the problems of a whole folder."""

    found: list[Finding] = field(default_factory=list)

    def add(self, file: str, line: int, message: str) -> None:
        self.found.append(Finding(file, line, message))


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar and the line it stands on."""

    value: str
    file: str
    line: int


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as `; did you mean "owner"?`, or nothing when no known word is near."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f'; did you mean "{by_folded[near[0]]}"?' if near else ""


def parse_file(path: Path, name: str, findings: Findings) -> yaml.Node | None:
    """The node tree of a YAML file, or None with a finding (unreadable, broken, empty)."""
    try:
        node = _compose(path.read_text("utf-8"))
    except OSError as error:
        findings.add(name, 1, f"cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        findings.add(name, 1, "is not UTF-8 text; save it as UTF-8")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        findings.add(name, mark.line + 1 if mark else 1, f"is not YAML: {_problem(error)}")
    except yaml.YAMLError as error:
        findings.add(name, 1, f"is not YAML: {str(error).splitlines()[0]}")
    else:
        if node is None:
            findings.add(name, 1, "is empty; fill it in or remove it")
            return None
        return node if _is_text(node, name, findings) else None
    return None


def _compose(text: str) -> yaml.Node | None:
    """The tree by the quick parser in C; what is broken goes through the slow one, whose words are plainer."""
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=yaml.CSafeLoader)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _is_text(root: yaml.Node, name: str, findings: Findings) -> bool:
    """Whether every scalar is text that can be stored and sent; a finding for each that is not."""
    nodes, seen, is_text = [root], set[int](), True
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            nodes += [each for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif _HALF_CHARACTER.search(node.value):
            message = r'holds half a character; write it as itself, or like "\U0001F680" (not "\ud83d\ude80")'
            findings.add(name, line_of_node(node), message)
            is_text = False
    return is_text


def _problem(error: yaml.MarkedYAMLError) -> str:
    """The parser's words, but for names that the author made up, and what to do."""
    problem = str(error.problem or error.context)
    for words in _NAME_PROBLEMS:
        if problem.startswith(words):
            return words + _NAME_QUOTES
    return problem + (_QUOTES if problem.startswith(_BLOCK_PROBLEMS) else "")


def line_of_node(node: yaml.Node) -> int:
    """The line (from 1) on which a node begins."""
    return int(node.start_mark.line) + 1


def text_of(node: yaml.ScalarNode, key: str, file: str, findings: Findings, is_secret: bool = False) -> Text:
    """A scalar as text; one that YAML reads as a number, a date or a boolean is a finding, which repeats no secret."""
    line = line_of_node(node)
    if node.tag != STRING:
        findings.add(file, line, f'"{key}" must be a text; put {"it" if is_secret else node.value} in quotes')
    return Text(str(node.value), file, line)


def number_of(node: yaml.ScalarNode) -> float | None:
    """The number that a scalar is; None when it is something else."""
    if node.tag not in _NUMBERS:
        return None
    return float(yaml.constructor.SafeConstructor().construct_document(node))


def decimal_of(node: yaml.ScalarNode) -> Decimal | None:
    """The number that a scalar is, to the digit as written; None when it is something else, or not finite."""
    number = number_of(node)
    if number is None or not math.isfinite(number):
        return None
    try:
        return Decimal(node.value.replace("_", ""))
    except InvalidOperation:
        return Decimal(int(number))  # 0x10, 1:30


def constant_of(node: yaml.ScalarNode) -> str | float | bool:
    """A text, a number (a whole one as int) or a truth; a date is the text that it is written as."""
    if node.tag == BOOLEAN:
        return str(node.value).lower() in ("true", "yes", "on")
    number = number_of(node)
    if number is None:
        return str(node.value)
    return int(number) if number.is_integer() else number
