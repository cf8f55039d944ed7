"""Secrets in workspace files: written out, or `{env: NAME}` for what a variable of the environment holds.

Does not judge them. A secret never enters a finding; the name of its variable does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from schemas.yaml_lines import Text, text_of
from schemas.yaml_sections import Section

Environment = Mapping[str, str] | None
"""The variables of the process. None where secrets are not needed: those of the environment are empty then."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Reads the secrets of one mapping."""

    section: Section
    environment: Environment

    def read(self, key: str, required: bool = False) -> Text:
        """The secret with its line; empty when it is absent, or its variable is not set, which is a finding."""
        section = self.section
        if key not in section or section.is_scalar(key):
            return section.placed(key, required)
        inner = section.section(key)
        return Text(self._from_environment(inner) if inner else "", section.file, section.line_of(key))

    def read_all(self, key: str) -> list[Text]:
        """A list of secrets; those that cannot be read are left out."""
        found = [self._item(key, node) for node in self.section.items(key)]
        return [text for text in found if text.value]

    def _item(self, key: str, node: yaml.Node) -> Text:
        section = self.section
        line = int(node.start_mark.line) + 1
        if isinstance(node, yaml.ScalarNode):
            return text_of(node, key, section.file, section.findings)
        inner = section.below(node)
        return Text(self._from_environment(inner) if inner else "", section.file, line)

    def _from_environment(self, section: Section) -> str:
        name = section.placed("env")
        section.close()
        if self.environment is None or not name.value:
            return ""
        value = self.environment.get(name.value, "")
        if not value:
            section.report(name.line, f'the environment variable "{name.value}" is not set; set it for northstream')
        return value
