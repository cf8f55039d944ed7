"""Bodies of the HTTP face: what clients compressed, inflated under a cap; replies, compressed as they ask.

Does not know statements or formats. A body in a coding that is not known here is refused, never passed on
as if it were plain: an insert that a proxy swallowed would look like success.
"""

import struct
import zlib
from collections.abc import Callable

import lz4.block  # type: ignore[import-untyped]
import lz4.frame  # type: ignore[import-untyped]
import zstandard
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]

from warehouse.face_errors import FaceError

_BLOCK_HEADER = struct.Struct("<BII")
_CHECKSUM_BYTES = 16
_LZ4_METHOD = 0x82
_ZSTD_METHOD = 0x90
_PLAIN_METHOD = 0x02
_BLOCK_BYTES = 1 << 20
_MASK_64 = (1 << 64) - 1


def too_large(limit: int) -> FaceError:
    return FaceError(229, "QUERY_IS_TOO_LARGE", f"The request body is larger than {limit} bytes.")


def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """The plain bytes of a body by its Content-Encoding.

    Raises:
        FaceError: unknown coding (NOT_IMPLEMENTED), broken data, or more than `limit` plain bytes.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    read = _INFLATERS.get(coding)
    if read is None:
        known = ", ".join(sorted(_INFLATERS))
        raise FaceError(48, "NOT_IMPLEMENTED", f"Unknown compression method '{coding}'. Only {known} are supported.")
    try:
        plain = read(body, limit + 1)
    except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise FaceError(271, "CANNOT_DECOMPRESS", f"The body is not valid {coding}: {error}.") from error
    if len(plain) > limit:
        raise too_large(limit)
    return plain


def _inflate_zlib(body: bytes, limit: int) -> bytes:
    """Gzip or zlib by its own header; members may follow each other."""
    plain = bytearray()
    while body and len(plain) < limit:
        inflater = zlib.decompressobj(47)
        plain += inflater.decompress(body, limit - len(plain))
        if not inflater.eof and len(plain) < limit:
            raise EOFError("the data ends too early")
        body = inflater.unused_data
    return bytes(plain)


def _inflate_lz4(body: bytes, limit: int) -> bytes:
    plain = bytearray()
    while body and len(plain) < limit:
        inflater = lz4.frame.LZ4FrameDecompressor()
        plain += inflater.decompress(body, limit - len(plain))
        if not inflater.eof and len(plain) < limit:
            raise EOFError("the data ends too early")
        body = inflater.unused_data or b""
    return bytes(plain)


def _inflate_zstd(body: bytes, limit: int) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body, read_across_frames=True) as reader:
        return bytes(reader.read(limit))


_INFLATERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflate_zlib,
    "deflate": _inflate_zlib,
    "lz4": _inflate_lz4,
    "zstd": _inflate_zstd,
}


def deflate(body: bytes, accepted: str) -> tuple[bytes, str]:
    """The body in the first coding of ours that Accept-Encoding names, and that coding (empty: as it was)."""
    wanted = {part.partition(";")[0].strip().lower() for part in accepted.split(",") if not _is_refused(part)}
    for coding, write in _DEFLATERS.items():
        if coding in wanted:
            return write(body), coding
    return body, ""


def _is_refused(part: str) -> bool:
    return part.partition(";")[2].replace(" ", "").lower() in ("q=0", "q=0.0", "q=0.00", "q=0.000")


def _deflate_gzip(body: bytes) -> bytes:
    deflater = zlib.compressobj(3, zlib.DEFLATED, 31)
    return deflater.compress(body) + deflater.flush()


def _deflate_zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


_DEFLATERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": _deflate_zstd,
    "lz4": lz4.frame.compress,
    "gzip": _deflate_gzip,
}


def to_blocks(body: bytes) -> bytes:
    """The body as ClickHouse's own compressed blocks (`compress=1`): checksum, method, sizes, LZ4 data."""
    return b"".join(_block(body[start : start + _BLOCK_BYTES]) for start in range(0, len(body), _BLOCK_BYTES))


def _block(plain: bytes) -> bytes:
    packed = bytes(lz4.block.compress(plain, store_size=False))
    content = _BLOCK_HEADER.pack(_LZ4_METHOD, len(packed) + _BLOCK_HEADER.size, len(plain)) + packed
    return _checksum(content) + content


def _checksum(content: bytes) -> bytes:
    """CityHash128 as ClickHouse writes it: the high half first."""
    value: int = CityHash128(content)
    return struct.pack("<QQ", value >> 64, value & _MASK_64)


def from_blocks(body: bytes, limit: int) -> bytes:
    """The plain bytes of ClickHouse's compressed blocks (`decompress=1`).

    Raises:
        FaceError: a torn or altered block, an unknown method, or more than `limit` plain bytes.
    """
    plain, position = bytearray(), 0
    while position < len(body):
        checksum, start = body[position : position + _CHECKSUM_BYTES], position + _CHECKSUM_BYTES
        if len(body) < start + _BLOCK_HEADER.size:
            raise FaceError(271, "CANNOT_DECOMPRESS", "A compressed block ends too early.")
        method, packed_size, size = _BLOCK_HEADER.unpack_from(body, start)
        content = body[start : start + packed_size]
        if len(content) < packed_size or packed_size < _BLOCK_HEADER.size or _checksum(content) != checksum:
            raise FaceError(40, "CHECKSUM_DOESNT_MATCH", "A compressed block is torn or altered.")
        if len(plain) + size > limit:
            raise too_large(limit)
        plain += _unpack(method, content[_BLOCK_HEADER.size :], size)
        position = start + packed_size
    return bytes(plain)


def _unpack(method: int, packed: bytes, size: int) -> bytes:
    if method == _PLAIN_METHOD:
        return packed
    if method not in (_LZ4_METHOD, _ZSTD_METHOD):
        raise FaceError(89, "UNKNOWN_COMPRESSION_METHOD", f"Compressed blocks of method {method:#x} are not supported.")
    try:
        if method == _ZSTD_METHOD:
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
        return bytes(lz4.block.decompress(packed, uncompressed_size=size))
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        raise FaceError(271, "CANNOT_DECOMPRESS", f"A compressed block cannot be read: {error}.") from error
