"""docker-compose.yml as Compose reads it: variables put in, anchors resolved.

Does not merge override files and knows no profiles: services of all profiles are there. Imports nothing of the product.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":-|:\?|:\+|-|\?|\+")


class VariableMissing(Exception):
    """A required variable is not set; carries its name and the sentence of the file."""


def read_variables(path: Path) -> dict[str, str]:
    """An environment file of plain `NAME=value` lines, comments and empty lines."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def compose(variables: Mapping[str, str], path: Path = COMPOSE_FILE) -> dict[str, Any]:
    """The whole file with these variables in place.

    Raises:
        VariableMissing: a required variable is absent or empty.
    """
    content: dict[str, Any] = _in_all(yaml.safe_load(path.read_text()), variables)
    return content


def _in_all(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _in_all(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_all(item, variables) for item in value]
    return interpolate(value, variables) if isinstance(value, str) else value


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$NAME` and `${NAME…}` by the rules of the Compose specification; `$$` is a dollar."""
    done: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        value, at = _expression(text, dollar + 1, variables)
        done.append(value)
    return "".join(done) + text[at:]


def _expression(text: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    """The value of what begins after a dollar, and where it ends."""
    if text[at : at + 1] == "$":
        return "$", at + 1
    if text[at : at + 1] == "{":
        end = _closing(text, at)
        return _braced(text[at + 1 : end], variables), end + 1
    name = _NAME.match(text, at)
    assert name, f"a dollar before nothing: {text}"
    return variables.get(name[0], ""), name.end()


def _closing(text: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return at
    raise AssertionError(f"a brace is not closed: {text}")


def _braced(expression: str, variables: Mapping[str, str]) -> str:
    name = _NAME.match(expression)
    assert name, f"no name in {expression}"
    operator = _OPERATOR.match(expression, name.end())
    value = variables.get(name[0])
    if not operator:
        assert name.end() == len(expression), f"not understood: {expression}"
        return value or ""
    is_there = bool(value) if ":" in operator[0] else value is not None
    rest = expression[operator.end() :]
    if "+" in operator[0]:
        return interpolate(rest, variables) if is_there else ""
    if is_there:
        return value or ""
    if "?" in operator[0]:
        raise VariableMissing(f"{name[0]}: {rest}")
    return interpolate(rest, variables)
