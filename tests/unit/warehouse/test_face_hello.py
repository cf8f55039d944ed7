"""The Go client's first answer, byte for byte."""

from warehouse.face_hello import hello_block

COLUMNS = [(b"\x0ddisplayName()", b"\x06String", b"\x04here"), (b"\x09version()", b"\x06String", b"\x0626.9.2")]


def test_an_old_client_gets_a_plain_block() -> None:
    """Before revision 51903 a block has no info before it; a column no mark of its serialization."""
    block = hello_block("here", "26.9.2", "UTC", 50_000)
    assert block.startswith(b"\x04\x01" + b"".join(b"".join(column) for column in COLUMNS))
    assert block.endswith(b"\x0arevision()\x06UInt32\x00\x00\x00\x00\x0atimezone()\x06String\x03UTC")


def test_a_new_client_gets_block_info_and_serialization_marks() -> None:
    """As the Go client reads them at its own revision; checked once against clickhouse-go 2.47.0."""
    block = hello_block("here", "26.9.2", "UTC", 54_484)
    info = b"\x01\x00\x02\xff\xff\xff\xff\x00"
    assert block.startswith(info + b"\x04\x01" + b"".join(a + b + b"\x00" + c for a, b, c in COLUMNS))


def test_long_texts_have_long_lengths() -> None:
    """Lengths are written seven bits a byte."""
    assert b"\xc8\x01" + b"x" * 200 in hello_block("x" * 200, "26", "UTC", 1)
