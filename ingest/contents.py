"""Contexts: decoded once, written anew for the row, and remembered, since most messages carry one seen before.

Does not read properties and traits, which come decoded with their message: see `ingest.objects`.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from schemas.rows import EMPTY_OBJECT

_REMEMBERED_CONTEXTS = 4096
_REMEMBERED_BYTES = 2048
_REMEMBERED_MERGED = 64

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
encode_object = msgspec.json.Encoder().encode


class Contents(NamedTuple):
    """An object as it goes into the row, and as it was read."""

    raw: Raw
    values: dict[str, Any]


NOTHING = Contents(EMPTY_OBJECT, {})


class UnfitContents(Exception):
    """It is no object, or holds a number that is out of range; the text says which."""


def read_contents(raw: Raw | bytes) -> Contents:
    """Read one object; null and absent are empty.

    Raises:
        UnfitContents: it cannot be kept as an object.
    """
    if raw is EMPTY_OBJECT:
        return NOTHING
    try:
        return rewritten(_decode_object(raw))
    except msgspec.ValidationError as error:
        if bytes(raw) == b"null":
            return NOTHING
        raise UnfitContents(_trouble(error)) from None


def _trouble(error: msgspec.ValidationError) -> str:
    is_number = "out of range" in str(error)
    return "it holds a number that is out of range" if is_number else "it must be an object"


class Contexts:
    """Reads contexts; remembers those seen, since most messages of a sender carry the same."""

    def __init__(self) -> None:
        self._known: dict[bytes, Contents] = {}
        self._base = NOTHING
        self._merged: dict[bytes, Contents] = {}

    def read(self, raw: Raw) -> Contents:
        """As `read_contents`."""
        own = bytes(raw)
        found = self._known.get(own)
        if found is not None:
            return found
        contents = read_contents(own)
        if len(own) <= _REMEMBERED_BYTES:
            if len(self._known) >= _REMEMBERED_CONTEXTS:
                self._known.clear()
            self._known[own] = contents
        return contents

    def read_over(self, base: Contents, raw: Raw) -> Contents:
        """A batch's context under that of one of its messages: the message's own keys win.

        Remembers the latest few of one batch, whose messages often carry the same.
        """
        if base is not self._base:
            self._base, self._merged = base, {}
        own = bytes(raw)
        found = self._merged.get(own)
        if found is None:
            found = rewritten({**base.values, **self.read(raw).values})
            if len(self._merged) >= _REMEMBERED_MERGED:
                self._merged.clear()
            self._merged[own] = found
        return found


def rewritten(values: dict[str, Any]) -> Contents:
    return Contents(Raw(encode_object(values)), values)
