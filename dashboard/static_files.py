"""The files that pages load, read once into memory: no path of a request ever touches the disk.

Does not decide who may have them.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

FOLDER = Path(__file__).parent / "static"

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    media_type: str
    etag: str


def read_static_files() -> Mapping[str, StaticFile]:
    """Every file by its path below the folder, with `/`."""
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in FOLDER.rglob("*") if path.is_file()}


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:24]}"')


def static_answer(file: StaticFile, request: Request) -> Response:
    """The file, or 304 when the browser has it; asked for each time, so that an update shows at once."""
    headers = {"ETag": file.etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
