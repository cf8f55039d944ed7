"""The answer to the Go client's first question, which Grafana's data source asks too.

That client frames Native blocks by the protocol revision that the server names in this answer, and the answer itself
by its own. The engine writes blocks without frames, which is revision 0: said here, it holds for all that follows.
"""

import struct

STATEMENT = "SELECT displayName(), version(), revision(), timezone()"
"""As the engine's formatter spells it."""

_BLOCK_INFO_SINCE = 51_903
_CUSTOM_SERIALIZATION_SINCE = 54_454


def hello_block(display_name: str, version: str, timezone: str, client_revision: int) -> bytes:
    """One row in Native, framed for the client's revision; the server's revision is given as 0."""
    columns = (
        ("displayName()", "String", _text(display_name)),
        ("version()", "String", _text(version)),
        ("revision()", "UInt32", struct.pack("<I", 0)),
        ("timezone()", "String", _text(timezone)),
    )
    # Field 1: no overflow row; field 2: no bucket; end of the info.
    info = b"\x01\x00\x02" + struct.pack("<i", -1) + b"\x00" if client_revision >= _BLOCK_INFO_SINCE else b""
    plain_serialization = b"\x00" if client_revision >= _CUSTOM_SERIALIZATION_SINCE else b""
    written = (_text(name) + _text(kind) + plain_serialization + data for name, kind, data in columns)
    return info + _number(len(columns)) + _number(1) + b"".join(written)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _number(len(encoded)) + encoded


def _number(value: int) -> bytes:
    """Variable-length: seven bits a byte, lowest first."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
