"""A YAML mapping read key by key: what is missing, wrong or unknown becomes a finding, and reading goes on.

Does not know what a workspace is: see `schemas.workspace`.
"""

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar, overload

import yaml

from schemas.durations import parse_duration
from schemas.yaml_lines import (
    BOOLEAN,
    NULL,
    Findings,
    Text,
    constant_of,
    decimal_of,
    did_you_mean,
    line_of_node,
    number_of,
    parse_file,
    text_of,
)

_MAX_DEPTH = 12
"""No workspace file nests deeper; the bound also ends a mapping that contains itself through an alias."""

DAY_SECONDS = 86_400

Choice = TypeVar("Choice", bound=str)


def read_sections(path: Path, name: str, findings: Findings) -> Iterator["Section"]:
    """The mappings of a file that holds one, or a list of them."""
    node = parse_file(path, name, findings)
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node] if node is not None else []
    for item in nodes:
        section = as_section(item, name, findings)
        if section is not None:
            yield section


def as_section(node: yaml.Node, file: str, findings: Findings, depth: int = 0) -> "Section | None":
    """The node as a mapping, or None with a finding."""
    if depth > _MAX_DEPTH:
        findings.add(file, line_of_node(node), "is nested too deep")
        return None
    if not isinstance(node, yaml.MappingNode):
        findings.add(file, line_of_node(node), "must be a mapping (key: value)")
        return None
    return Section(node, file, findings, depth)


class Section:
    """A mapping read key by key. Keys asked for are the known ones; `close` reports all others.

    A value that is missing or wrong becomes a finding and the default, so that reading goes on.
    """

    def __init__(self, node: yaml.MappingNode, file: str, findings: Findings, depth: int = 0) -> None:
        self.file = file
        self.line = line_of_node(node)
        self.findings = findings
        self._depth = depth
        self._values: dict[str, yaml.Node] = {}
        self._key_lines: dict[str, int] = {}
        self._asked: set[str] = set()
        for key, value in node.value:
            self._take(key, value)

    def _take(self, key: yaml.Node, value: yaml.Node) -> None:
        if not isinstance(key, yaml.ScalarNode):
            self.report(line_of_node(key), "a key must be plain text")
        elif key.value in self._values:
            self.report(line_of_node(key), f'"{key.value}" is given twice; keep one')
        else:
            self._values[key.value] = value
            self._key_lines[key.value] = line_of_node(key)

    def report(self, line: int, message: str) -> None:
        self.findings.add(self.file, line, message)

    def line_of(self, key: str) -> int:
        """The line of a key, or of the mapping when the key is absent."""
        return self._key_lines.get(key, self.line)

    def names(self) -> list[str]:
        """All keys, where keys are names of the author's own."""
        return list(self._values)

    def __contains__(self, key: str) -> bool:
        return self._node(key) is not None

    def close(self, may_hold_secrets: bool = False) -> None:
        """Report every key that was never asked for; where it may be a secret, only what was probably meant."""
        for key, line in self._key_lines.items():
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                near = did_you_mean(key, self._asked)
                name = f' "{key}"' if near or not may_hold_secrets else ""
                self.report(line, f"unknown key{name}{near or f'; known keys: {known}'}")

    def _node(self, key: str) -> yaml.Node | None:
        self._asked.add(key)
        node = self._values.get(key)
        return None if isinstance(node, yaml.ScalarNode) and node.tag == NULL else node

    def _scalar(self, key: str, required: bool) -> yaml.ScalarNode | None:
        node = self._node(key)
        if node is None:
            if required:
                self.report(self.line_of(key), f'"{key}" is missing; add it')
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.report(line_of_node(node), f'"{key}" must be a single value')
            return None
        return node

    def text(self, key: str, default: str = "", required: bool = False) -> str:
        node = self._scalar(key, required)
        return default if node is None else text_of(node, key, self.file, self.findings).value

    def secret(self, key: str, required: bool = True) -> Text:
        """A text with its line that no finding repeats; empty when absent."""
        node = self._scalar(key, required)
        if node is None:
            return Text("", self.file, self.line_of(key))
        return text_of(node, key, self.file, self.findings, is_secret=True)

    def placed(self, key: str, required: bool = True) -> Text:
        """A text with its line; empty when absent."""
        return Text(self.text(key, required=required), self.file, self.line_of(key))

    def version(self, key: str, default: str) -> str:
        """A text that may look like a number (`1.0`): kept as written."""
        node = self._scalar(key, required=False)
        return default if node is None else str(node.value)

    def choice(self, key: str, allowed: Collection[Choice], default: Choice, required: bool = False) -> Choice:
        node = self._scalar(key, required)
        if node is None:
            return default
        for name in allowed:
            if name == node.value:
                return name
        hint = did_you_mean(node.value, allowed) or f"; it can be {', '.join(allowed)}"
        self.report(line_of_node(node), f'"{key}" cannot be "{node.value}"{hint}')
        return default

    def flag(self, key: str, default: bool = False) -> bool:
        node = self._scalar(key, required=False)
        if node is None:
            return default
        if node.tag != BOOLEAN:
            self.report(line_of_node(node), f'"{key}" must be true or false')
            return default
        return str(node.value).lower() in ("true", "yes", "on")

    @overload
    def number(self, key: str, default: float) -> float: ...
    @overload
    def number(self, key: str, default: None = None) -> float | None: ...
    def number(self, key: str, default: float | None = None) -> float | None:
        node = self._scalar(key, required=False)
        if node is None:
            return default
        value = number_of(node)
        if value is None:
            self.report(line_of_node(node), f'"{key}" must be a number, not "{node.value}"')
            return default
        return value

    def decimal(self, key: str, required: bool = False) -> Decimal | None:
        """A number to the digit as written."""
        node = self._scalar(key, required)
        value = None if node is None else decimal_of(node)
        if node is not None and value is None:
            self.report(line_of_node(node), f'"{key}" must be a number, not "{node.value}"')
        return value

    def day(self, key: str) -> date | None:
        """A calendar day, written 2026-12-31."""
        node = self._scalar(key, required=False)
        if node is None:
            return None
        try:
            return date.fromisoformat(node.value)
        except ValueError:
            self.report(line_of_node(node), f'"{key}" must be a day like 2026-12-31, not "{node.value}"')
            return None

    def whole(self, key: str, default: int, minimum: int = 1) -> int:
        """A whole number of at least `minimum`."""
        value = self.number(key, float(default))
        if not value.is_integer() or value < minimum:
            self.report(self.line_of(key), f'"{key}" must be a whole number of {minimum} or more')
            return default
        return int(value)

    def duration(self, key: str, default: float, required: bool = False) -> float:
        """Seconds of a duration (`7d`, `1h`, `30s`)."""
        node = self._scalar(key, required)
        if node is None:
            return default
        try:
            return parse_duration(node.value)
        except ValueError:
            self.report(line_of_node(node), f'"{key}" must be a duration such as 7d, 1h or 30s, not "{node.value}"')
            return default

    def days(self, key: str, default: int, required: bool = False) -> int:
        """A duration of whole days, one at least."""
        seconds = self.duration(key, default * DAY_SECONDS, required)
        if seconds < DAY_SECONDS or seconds % DAY_SECONDS:
            self.report(self.line_of(key), f'"{key}" must be whole days, like 30d')
            return default
        return int(seconds // DAY_SECONDS)

    def is_scalar(self, key: str) -> bool:
        """Whether a single value stands here, where a mapping or a list might too."""
        return isinstance(self._node(key), yaml.ScalarNode)

    def is_list(self, key: str) -> bool:
        return isinstance(self._node(key), yaml.SequenceNode)

    def constants(self, key: str) -> list[str | float | bool]:
        """One constant or a list of them; a null in it is a finding."""
        node = self._node(key)
        if node is None:
            self.report(self.line_of(key), f'"{key}" is empty; give it a value')
            return []
        nodes = [node] if isinstance(node, yaml.ScalarNode) else self._only_scalars(node, key)
        return [constant_of(item) for item in nodes]

    def texts(self, key: str) -> list[Text]:
        """A list of texts with their lines; absent means empty."""
        return [text_of(item, key, self.file, self.findings) for item in self._scalars(key)]

    def text_lists(self, key: str) -> list[list[Text]]:
        """A list of lists of texts; absent means empty."""
        return [
            [text_of(item, key, self.file, self.findings) for item in self._only_scalars(inner, key)]
            for inner in self.items(key)
        ]

    def _scalars(self, key: str) -> list[yaml.ScalarNode]:
        node = self._node(key)
        return [] if node is None else self._only_scalars(node, key)

    def _only_scalars(self, node: yaml.Node, key: str) -> list[yaml.ScalarNode]:
        if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
            return list(node.value)
        self.report(line_of_node(node), f'"{key}" must be a list of single values, like [a, b]')
        return []

    def below(self, node: yaml.Node) -> "Section | None":
        """A node of `items` as a mapping below this one, or None with a finding."""
        return as_section(node, self.file, self.findings, self._depth + 1)

    def items(self, key: str) -> list[yaml.Node]:
        """The nodes of a list; absent means empty."""
        node = self._node(key)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.report(line_of_node(node), f'"{key}" must be a list')
            return []
        return list(node.value)

    def values(self, key: str) -> list[str | float]:
        """A list of texts and numbers; whole numbers come as int."""
        result: list[str | float] = []
        for item in self._scalars(key):
            number = number_of(item)
            if number is None:
                result.append(text_of(item, key, self.file, self.findings).value)
            else:
                result.append(int(number) if number.is_integer() else number)
        return result

    def section(self, key: str) -> "Section | None":
        """A mapping below this one; None when absent."""
        node = self._node(key)
        return None if node is None else as_section(node, self.file, self.findings, self._depth + 1)

    def sections(self, key: str) -> list["Section"]:
        """A list of mappings; absent means empty."""
        found = (self.below(item) for item in self.items(key))
        return [section for section in found if section is not None]

    def text_map(self, key: str) -> dict[str, str]:
        """A mapping of the author's own names to texts; absent means empty."""
        section = self.section(key)
        return {} if section is None else {name: section.text(name) for name in section.names()}

    def label(self, key: str, default: str) -> dict[str, str]:
        """A text by language: `{en: …, fr: …}`, or one text for all; always has `en`."""
        node = self._node(key)
        if node is None:
            return {"en": default}
        if isinstance(node, yaml.ScalarNode):
            return {"en": self.text(key, default)}
        section = self.section(key)
        if section is None:
            return {"en": default}
        label = {language: section.text(language) for language in ("en", "fr") if language in section}
        section.close()
        if "en" not in label:
            self.report(section.line, f'"{key}" has no English text; add "en"')
        return {"en": default, **label}
