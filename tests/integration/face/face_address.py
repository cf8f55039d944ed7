"""Where the served face listens, and the two ways of asking it that most tests use.

Does not start it: see conftest.py.
"""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class FaceAddress:
    """`read` asks as the read-only user, `write` as the writer; keyword arguments go into the URL."""

    port: int
    writer: tuple[str, str] = ("northstream_writer", "face-writer-password")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def read(self, statement: str, **parameters: str) -> httpx.Response:
        return httpx.post(self.url, params=parameters, content=statement.encode(), timeout=30)

    def write(self, statement: str | bytes, **parameters: str) -> httpx.Response:
        return httpx.post(self.url, params=parameters, content=statement, auth=self.writer, timeout=30)
