"""What a step found wrong with a message, and how that is written down.

Does not find anything: see `ingest.steps` and `ingest.plan_checks`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec import Raw

from schemas.violations import QUARANTINING, Rule


class Finding(NamedTuple):
    """A violation and whether it keeps the message out."""

    rule: Rule
    property: str
    message: str
    quarantines: bool


Findings = tuple[Finding, ...]


def found(rule: Rule, property_path: str, message: str) -> Finding:
    """A finding with the consequence that its rule always has."""
    return Finding(rule, property_path, message, rule in QUARANTINING)


class Judgement(NamedTuple):
    """What findings lead to, and how they are told.

    `dicts` are for replies, `json` is the `violations` column: an array of {"rule", "property", "message"}.
    """

    quarantines: bool
    rules: tuple[str, ...]
    dicts: tuple[Mapping[str, str], ...]
    json: Raw


@lru_cache(maxsize=4096)
def judged(findings: Findings) -> Judgement:
    """Remembered: what one sender does wrong it does again and again."""
    dicts = tuple({"rule": f.rule.value, "property": f.property, "message": f.message} for f in findings)
    rules = tuple(f.rule.value for f in findings)
    return Judgement(any(f.quarantines for f in findings), rules, dicts, Raw(msgspec.json.encode(dicts)))


def type_name(value: object) -> str:
    """The JSON name of a value's type."""
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")
