"""What a client said over HTTP: who it is, the statement, format, database, parameters, codings.

Does not run anything. Understands the spellings of curl, clickhouse-connect, the Node, Go and Java clients.
"""

import base64
import binascii
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import Request

from schemas.loopback import came_through_proxy
from warehouse.face_bodies import from_blocks, inflate, too_large
from warehouse.face_engine import FaceQuery
from warehouse.face_errors import FaceError, authentication_failed
from warehouse.face_settings import TRANSPORT_PARAMETERS

READER = "default"
MAX_READER_BODY_BYTES = 1 << 20
MAX_WRITER_BODY_BYTES = 512 << 20

_QUERY_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what. `writer_password` None: nobody writes.

    `open_to_network`: the read-only user needs no credentials from other machines either; otherwise it must
    come from this machine, through no proxy, and name it so (a page of a stranger's site that resolves to
    127.0.0.1 does not).
    """

    writer_user: str
    writer_password: str | None
    open_to_network: bool = False


def is_writer(request: Request, access: Access) -> bool:
    """True for the writer, False for the read-only user.

    Raises:
        FaceError: AUTHENTICATION_FAILED, the same for an unknown user and a wrong password.
    """
    user, password = _credentials(request)
    if user == access.writer_user and access.writer_password is not None:
        if hmac.compare_digest(password.encode(), access.writer_password.encode()):
            return True
        raise authentication_failed(user)
    if user != READER or not (access.open_to_network or _is_local(request)):
        raise authentication_failed(user)
    return False


def _credentials(request: Request) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise authentication_failed("") from error
        user, _, password = decoded.partition(":")
    elif header:
        detail = f"Invalid authentication: '{scheme}' HTTP Authorization scheme is not supported."
        raise FaceError(516, "AUTHENTICATION_FAILED", detail)
    elif "x-clickhouse-user" in request.headers or "x-clickhouse-key" in request.headers:
        user = request.headers.get("x-clickhouse-user", "")
        password = request.headers.get("x-clickhouse-key", "")
    else:
        user, password = request.query_params.get("user", ""), request.query_params.get("password", "")
    return user or READER, password


def _is_local(request: Request) -> bool:
    """The peer is this machine and no proxy on it, and the client called it by a name of this machine."""
    peer = request.client.host if request.client else ""
    is_near = _is_loopback(peer) and not came_through_proxy(request.headers.keys())
    return is_near and _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def read_body(request: Request, limit: int) -> bytes:
    """The body, plain, whatever it was compressed with; at most `limit` bytes before and after."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise FaceError(48, "NOT_IMPLEMENTED", "External tables and multipart bodies are not supported.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    plain = inflate(bytes(body), request.headers.get("content-encoding", ""), limit)
    if is_on(request.query_params, "decompress"):
        return from_blocks(plain, limit)
    return plain


def face_query(request: Request, body: bytes, writer: bool) -> FaceQuery:
    """The query of a request whose body was read: `query` of the URL first, then the body."""
    asked = request.query_params
    in_url = asked.get("query", "").encode()
    return FaceQuery(
        body=in_url + b"\n" + body if in_url and body else in_url or body,
        writer=writer,
        read_only_method=request.method != "POST",
        client_revision=_revision(asked.get("client_protocol_version", "")),
        # Who asks to wait for the end wants errors to have their status, however large the reply.
        in_pieces=writer and not is_on(asked, "wait_end_of_query"),
        database=asked.get("database") or request.headers.get("x-clickhouse-database", ""),
        default_format=asked.get("default_format") or request.headers.get("x-clickhouse-format", ""),
        parameters={name[6:]: value for name, value in asked.items() if name.startswith("param_")},
        settings=_settings(asked),
    )


def _revision(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _settings(asked: Mapping[str, str]) -> dict[str, str]:
    own = TRANSPORT_PARAMETERS
    return {name: value for name, value in asked.items() if name not in own and not name.startswith("param_")}


def query_id(request: Request) -> str:
    """The client's `query_id` if it can stand in a header, else a new one."""
    asked = request.query_params.get("query_id", "")
    return asked if _QUERY_ID.match(asked) else str(uuid.uuid4())


def is_on(asked: Mapping[str, str], name: str) -> bool:
    return asked.get(name, "").lower() in ("1", "true")
