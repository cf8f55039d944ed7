"""Reads what a page or a program writes: small JSON bodies of a known shape, every problem named.

Does not store anything.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from dashboard.failures import Failure, Reason

MAX_BODY_BYTES = 64 * 1024

Body = TypeVar("Body", bound=BaseModel)


async def read_body(request: Request, shape: type[Body], most_bytes: int = MAX_BODY_BYTES) -> Body:
    """The body as a `shape`.

    Raises:
        Failure: 422 unless it is sent as JSON and has the shape, 413 when it is larger than that.
    """
    body = await read_json_bytes(request, most_bytes)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise Failure(Reason.INVALID_PARAMETER, "; ".join(_sentence(problem) for problem in error.errors())) from None


async def read_json_bytes(request: Request, most_bytes: int) -> bytes:
    """The body of a request that says it is JSON, not read yet.

    Raises:
        Failure: 422 unless it is sent as JSON, 413 when it is larger than that.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Failure(Reason.INVALID_PARAMETER, "send JSON, with `Content-Type: application/json`")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Failure(Reason.TOO_LARGE, f"the body has more than {most_bytes} bytes")
    return bytes(body)


def body_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The documentation (`openapi_extra`) of a body that a route reads itself, because it counts the bytes first."""
    schema = shape.model_json_schema()
    whole = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    """References replaced by what they refer to: a shape inside another has no place of its own in the document."""
    if isinstance(part, dict):
        if "$ref" in part:
            return _inlined(definitions[part["$ref"].rpartition("/")[2]], definitions)
        return {name: _inlined(below, definitions) for name, below in part.items()}
    return [_inlined(below, definitions) for below in part] if isinstance(part, list) else part


def _sentence(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
