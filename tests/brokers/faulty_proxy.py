"""An HTTP proxy before a warehouse that answers late, wrongly, in half, or not at all, as a test asks it to.

Runs in threads of the test's own process; knows nothing of what passes through it.

    with FaultyProxy("127.0.0.1", port) as proxy:
        start_roles(clickhouse_url=proxy.url)
        proxy.fail_next(Fault.CUT_AFTER, match="INSERT INTO northstream.events")  # applied, the answer is lost
        proxy.mode = Fault.REFUSE  # away, until the mode is Fault.NONE again
"""

import http.client
import os
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import unquote_plus

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length", "host"}
_PIECE_BYTES = 1 << 16
_SEEN_BYTES = 8_192
"""So much of a body is looked at by `match`."""


class Fault(StrEnum):
    """What happens to a request."""

    NONE = "none"
    LATE = "late"
    """It is passed on at once and its answer comes `delay_seconds` later."""
    HANG = "hang"
    """It is not passed on, and nothing is answered as long as the connection and the proxy last."""
    HANG_AFTER = "hang after"
    """It is passed on, and nothing is answered."""
    ERROR = "error"
    """It is not passed on; 500 with an error of ClickHouse that may pass (`error_code`), or, with the code 0, 502 as a
    gateway says it that knows nothing of ClickHouse."""
    ERROR_AFTER = "error after"
    """It is passed on, and answered with that error all the same."""
    CUT_BEFORE = "cut before"
    """It is not passed on, and the connection is reset."""
    CUT_WITHIN_REQUEST = "cut within request"
    """Half of it is passed on, then both connections are reset."""
    CUT_AFTER = "cut after"
    """It is passed on and done, and the connection is reset before the answer."""
    CUT_WITHIN_ANSWER = "cut within answer"
    """Half of the answer comes, then the connection is reset."""
    REFUSE = "refuse"
    """As a mode only: open connections are reset and new ones refused."""


@dataclass
class _Planned:
    fault: Fault
    left: int
    match: re.Pattern[str]


class FaultyProxy:
    """`mode` holds for every request until it is changed; `fail_next` for the next ones that match.

    `seen` counts by fault the requests that met it, so that a test can say what it did.
    """

    def __init__(self, upstream_host: str, upstream_port: int) -> None:
        self.upstream = (upstream_host, upstream_port)
        self.delay_seconds = 2.0
        self.error_code = 241
        self.seen: Counter[Fault] = Counter()
        self._mode = Fault.NONE
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.ended = threading.Event()
        self._server = self._listening(0)
        self._port = int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def mode(self) -> Fault:
        return self._mode

    @mode.setter
    def mode(self, fault: Fault) -> None:
        before, self._mode = self._mode, Fault(fault)
        if fault is Fault.REFUSE and before is not Fault.REFUSE:
            self._stop_listening()
        elif before is Fault.REFUSE and fault is not Fault.REFUSE:
            self._server = self._listening(self._port)

    def fail_next(self, kind: Fault, n: int = 1, match: str = "") -> None:
        """Plan a fault for the next `n` requests in whose target and beginning of body the pattern `match` is found."""
        assert kind is not Fault.REFUSE, "a mode only"
        with self._lock:
            self._planned.append(_Planned(Fault(kind), n, re.compile(match)))

    @property
    def pending(self) -> int:
        """How many planned faults have not happened yet."""
        with self._lock:
            return sum(plan.left for plan in self._planned)

    def fault_of(self, request: str) -> Fault:
        """What is to happen to this request; counted."""
        with self._lock:
            fault = self._mode
            for plan in self._planned:
                if plan.left and plan.match.search(request):
                    plan.left -= 1
                    fault = plan.fault
                    break
            self.seen[fault] += 1
            return fault

    def reset_connections(self) -> None:
        """End every connection that clients have open."""
        with self._lock:
            open_now = list(self._open)
        for connection in open_now:
            _shut(connection)

    def entered(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def left(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def close(self) -> None:
        self.ended.set()
        if self._mode is not Fault.REFUSE:
            self._stop_listening()

    def __enter__(self) -> "FaultyProxy":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _listening(self, port: int) -> "_Server":
        server = _Server(port, self)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True, name="faulty-proxy").start()
        return server

    def _stop_listening(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.reset_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, proxy: FaultyProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, any number of requests."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.proxy.entered(self.connection)

    def finish(self) -> None:
        self.server.proxy.left(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        proxy = self.server.proxy
        body = self._body()
        head = f"{self.command} {unquote_plus(self.path)}\n{body[:_SEEN_BYTES].decode('latin-1')}"
        match proxy.fault_of(head):
            case Fault.HANG:
                self._hang()
            case Fault.ERROR:
                self._fail()
            case Fault.CUT_BEFORE:
                self._reset()
            case Fault.CUT_WITHIN_REQUEST:
                self._send_half(body)
            case fault:
                self._pass_on(body, fault)

    def _pass_on(self, body: bytes, fault: Fault) -> None:
        proxy = self.server.proxy
        upstream = http.client.HTTPConnection(*proxy.upstream, timeout=300)
        try:
            upstream.request(self.command, self.path, body, self._headers(body))
            answer = upstream.getresponse()
            if fault in (Fault.HANG_AFTER, Fault.CUT_AFTER, Fault.ERROR_AFTER):
                answer.read()
            if fault is Fault.LATE:
                proxy.ended.wait(proxy.delay_seconds)
            if fault is Fault.HANG_AFTER:
                self._hang()
            elif fault is Fault.CUT_AFTER:
                self._reset()
            elif fault is Fault.ERROR_AFTER:
                self._fail()
            else:
                self._give(answer, is_cut=fault is Fault.CUT_WITHIN_ANSWER)
        except (OSError, http.client.HTTPException):
            # The warehouse is away: so is what stands before it.
            self._reset()
        finally:
            upstream.close()

    def _give(self, answer: http.client.HTTPResponse, is_cut: bool) -> None:
        """The answer piece by piece, so that a large one needs no memory; half of its first piece if it is cut."""
        length = answer.length
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        self.end_headers()
        given = 0
        for piece in _pieces(answer):
            if is_cut:
                self.wfile.write(piece[: len(piece) // 2] if length is not None else b"%x\r\n" % len(piece))
                break
            self.wfile.write(piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
            given += len(piece)
        if is_cut or given < (length or 0):
            self._reset()
        elif length is None:
            self.wfile.write(b"0\r\n\r\n")

    def _fail(self) -> None:
        code = self.server.proxy.error_code
        text = (
            f"Code: {code}. DB::Exception: made by a test (MADE_BY_A_TEST) (version 26.9.1.1)\n"
            if code
            else "Bad Gateway"
        )
        self.send_response_only(*((500, "Internal Server Error") if code else (502, "Bad Gateway")))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _send_half(self, body: bytes) -> None:
        upstream = socket.create_connection(self.server.proxy.upstream)
        lines = [
            f"{self.command} {self.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in self._headers(body).items()),
        ]
        whole = "\r\n".join(lines).encode("latin-1") + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        upstream.sendall(whole[: len(whole) - (len(body) + 1) // 2])
        _reset(upstream)
        self._reset()

    def _hang(self) -> None:
        """Until the client goes away."""
        self.close_connection = True
        self.connection.settimeout(0.1)
        while not self.server.proxy.ended.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _reset(self) -> None:
        self.close_connection = True
        _reset(self.connection)

    def _headers(self, body: bytes) -> dict[str, str]:
        host = "{}:{}".format(*self.server.proxy.upstream)
        return {"Host": host} | {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return bytes(body)


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read1(_PIECE_BYTES):
        yield piece


def _shut(connection: socket.socket) -> None:
    """End a connection that another thread is reading from."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """End a connection so that the other side gets an error, not an end. For the thread that reads from it."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    descriptor = connection.detach()
    if descriptor >= 0:
        os.close(descriptor)
