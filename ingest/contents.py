"""The objects inside a message (properties, context, traits): decoded once, and made fit for one line.

Does not check them against the plan: see `ingest.plan_checks`.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from schemas.rows import EMPTY_OBJECT

_REMEMBERED_CONTEXTS = 4096
_REMEMBERED_BYTES = 2048

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Contents(NamedTuple):
    """An object as it goes into the row, and as it was read. Each key occurs once in `raw`."""

    raw: Raw
    values: dict[str, Any]


NOTHING = Contents(EMPTY_OBJECT, {})


class UnfitContents(Exception):
    """It is no object, or holds a number that is out of range; the text says which."""


def read_contents(raw: Raw, spaced: bool) -> Contents:
    """Read one object; null and absent are empty.

    Readers in SQL take the first of two equal keys, JSON parsers the last: so an object that repeats
    a key, or that has white space in it (a line break would end the row), is written anew.

    Raises:
        UnfitContents: it cannot be kept as an object.
    """
    if raw is EMPTY_OBJECT:
        return NOTHING
    own = bytes(raw)
    try:
        values = _decode(own)
    except msgspec.ValidationError:
        raise UnfitContents("it holds a number that is out of range") from None
    if type(values) is not dict:
        if values is None:
            return NOTHING
        raise UnfitContents("it must be an object")
    if spaced:
        return Contents(Raw(_encode(values)), values)
    # Every key ends in `":`, which a string cannot hold without a backslash. As many of them as keys
    # that were kept: none was repeated.
    keys = own.count(b'":')
    if keys != len(values) and keys != _count_keys(values):
        return Contents(Raw(_encode(values)), values)
    return Contents(raw, values)


class Contexts:
    """Reads contexts; remembers those seen, since most messages of a sender carry the same."""

    def __init__(self) -> None:
        self._known: dict[bytes, Contents] = {}

    def read(self, raw: Raw, spaced: bool) -> Contents:
        """As `read_contents`."""
        if raw is EMPTY_OBJECT:
            return NOTHING
        own = bytes(raw)
        found = self._known.get(own)
        if found is not None:
            return found
        contents = read_contents(raw, spaced)
        if len(own) <= _REMEMBERED_BYTES and not spaced:
            if len(self._known) >= _REMEMBERED_CONTEXTS:
                self._known.clear()
            # A copy: a Raw taken from a body keeps the whole body alive.
            self._known[own] = Contents(Raw(bytes(contents.raw)), contents.values)
        return contents


def merged(base: Contents, own: Contents) -> Contents:
    """A batch's context under that of one of its messages: the message's own keys win."""
    if not base.values:
        return own
    values = {**base.values, **own.values}
    return Contents(Raw(_encode(values)), values)


def _count_keys(value: object) -> int:
    if type(value) is dict:
        return len(value) + sum(map(_count_keys, value.values()))
    if type(value) is list:
        return sum(map(_count_keys, value))
    return 0
