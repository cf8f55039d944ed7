"""Loads a collector with wrk: each request is a body from a file, made different by the number of the request.

Does not create events: see `simulate.load`. Needs Debian's package wrk.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.missing import ToolMissing

_SCRIPT = """
-- The bodies are cut where the name of the run begins an id; put together again with the number of the request
-- in between, so that no id comes twice. A file holds the whole request: nothing is built here but that.
local requests = {{}}
for number = 1, {count} do
  local file = assert(io.open(string.format("{folder}/%d", number), "rb"))
  local whole, parts, from = file:read("*a"), {{}}, 1
  file:close()
  while true do
    local first, last = whole:find("{marker}", from, true)
    parts[#parts + 1] = whole:sub(from, (first or 0) - 1)
    if not first then break end
    from = last + 1
  end
  requests[number] = parts
end
local number = 0
function request()
  number = number + 1
  return table.concat(requests[number % {count} + 1], string.format("%010d", number))
end
function done(summary, latency)
  local failed = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed.status,
    failed.connect + failed.read + failed.write + failed.timeout))
end
"""

MARKER = "@@number@@"
"""Where the ten digits of a request's number go."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What wrk saw. `requests` were answered, `refused` of them not with 2xx; `broken` had no answer."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int


def require_wrk() -> None:
    """Raise ToolMissing with advice if there is no wrk."""
    if shutil.which("wrk") is None:
        raise ToolMissing(
            'the collector is measured with "wrk", which is missing; install it (Debian: apt install wrk)'
        )


def load(port: int, key: str, path: str, bodies: Sequence[bytes], connections: int, seconds: int) -> Loaded:
    """Send as fast as answers come, over `connections` of 127.0.0.1. Bodies hold `MARKER` once for each id."""
    with TemporaryDirectory(prefix="bench-wrk-") as folder:
        for number, body in enumerate(bodies, 1):
            (Path(folder) / str(number)).write_bytes(_request(path, key, body))
        script = Path(folder) / "load.lua"
        script.write_text(_SCRIPT.format(count=len(bodies), folder=folder, marker=MARKER), "utf-8")
        command = ("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script))
        output = subprocess.run((*command, f"http://127.0.0.1:{port}"), capture_output=True, text=True, check=True)
    figures = next(line for line in output.stdout.splitlines() if line.startswith("RESULT "))
    requests, microseconds, p50, p99, refused, broken = map(int, figures.split()[1:])
    return Loaded(requests, microseconds / 1e6, p50 / 1e3, p99 / 1e3, refused, broken)


def _request(path: str, key: str, body: bytes) -> bytes:
    length = len(body) - body.count(MARKER.encode()) * (len(MARKER) - 10)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + body
