"""Secrets in workspace files: written out, or `{env: NAME}` for what a variable of the environment holds.

Does not judge them. A secret never enters a finding; the name of its variable does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from schemas.yaml_lines import Text, text_of
from schemas.yaml_sections import Section

Environment = Mapping[str, str] | None
"""The variables of the process. None where secrets are not needed: those of the environment are empty then."""

_VARIABLE = re.compile(r"(?!whsec_)[A-Za-z_][A-Za-z0-9_]{0,63}")
_FORM = "must be a text, or {env: NAME} with the name of an environment variable alone"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Reads the secrets of one mapping."""

    section: Section
    environment: Environment

    def read(self, key: str, required: bool = False) -> Text:
        """The secret with its line; empty when it is absent, or its variable is not set, which is a finding."""
        section = self.section
        if key not in section or section.is_scalar(key):
            return section.secret(key, required)
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
            return text_of(node, key, section.file, section.findings, is_secret=True)
        inner = section.below(node)
        return Text(self._from_environment(inner) if inner else "", section.file, line)

    def _from_environment(self, section: Section) -> str:
        """What else stands here may be a secret in the wrong place: it is not repeated."""
        if section.names() != ["env"] or not section.is_scalar("env"):
            section.report(section.line, _FORM)
            return ""
        name = section.secret("env")
        if not _VARIABLE.fullmatch(name.value):
            section.report(name.line, '"env" must be the name of an environment variable, like OPS_SECRET')
            return ""
        if self.environment is None:
            return ""
        value = self.environment.get(name.value, "")
        if not value:
            section.report(name.line, f'the environment variable "{name.value}" is not set; set it for northstream')
        return value
