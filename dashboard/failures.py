"""The ways in which a read request can fail: a closed list, and the one error form of all of them.

Does not log, and never shows the inside of an exception to a caller.
"""

from collections.abc import Mapping
from enum import StrEnum

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from schemas.measuring import NotComputable, UnknownDimension
from schemas.reading import ReadingUnavailable


class Reason(StrEnum):
    """Names of failures, as they appear in replies, counters and tests."""

    INVALID_KEY = "invalid_key"
    """No key, or one that is not known."""
    FORBIDDEN = "forbidden"
    """A write key on a route that reads."""
    NOT_FOUND = "not_found"
    """No such route, metric, funnel, person or event."""
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INVALID_PARAMETER = "invalid_parameter"
    """A parameter that cannot be read, is unknown, or lies out of bounds."""
    CONFLICT = "conflict"
    """What a change was made from is not the newest any more."""
    NOT_COMPUTABLE = "not_computable"
    """A metric whose definition cannot be computed; its owner must mend it."""
    TOO_LARGE = "too_large"
    """A body beyond what the route needs."""
    UNAVAILABLE = "unavailable"
    """The warehouse did not answer in time; try again after `Retry-After` seconds."""
    INTERNAL_ERROR = "internal_error"


_STATUS = {
    Reason.INVALID_KEY: 401,
    Reason.FORBIDDEN: 403,
    Reason.NOT_FOUND: 404,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.INVALID_PARAMETER: 422,
    Reason.CONFLICT: 409,
    Reason.NOT_COMPUTABLE: 409,
    Reason.TOO_LARGE: 413,
    Reason.UNAVAILABLE: 503,
    Reason.INTERNAL_ERROR: 500,
}
_HEADERS: Mapping[Reason, Mapping[str, str]] = {
    Reason.INVALID_KEY: {"WWW-Authenticate": 'Bearer realm="northstream"'},
    Reason.UNAVAILABLE: {"Retry-After": "1"},
}
_REASON_OF_STATUS = {status: reason for reason, status in _STATUS.items()}


class Failure(Exception):
    """A request that ends with an error of the closed list."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def error_response(reason: Reason, message: str) -> Response:
    """The error form that SDKs understand (contracts §1): a 401 sends `code` 400, or they would retry it."""
    status = _STATUS[reason]
    content = {
        "success": False,
        "status": 0,
        "code": 400 if status == 401 else status,
        "reason": reason.value,
        "message": message,
        "error": message,
        "detail": message,
    }
    return Response(orjson.dumps(content), status, dict(_HEADERS.get(reason, {})), "application/json")


def answer_failures(app: FastAPI) -> None:
    """Make every failure of the app take the error form, those of the framework included."""
    app.add_exception_handler(Failure, _on_failure)
    app.add_exception_handler(RequestValidationError, _on_invalid_parameter)
    app.add_exception_handler(UnknownDimension, _on_unknown_dimension)
    app.add_exception_handler(NotComputable, _on_not_computable)
    app.add_exception_handler(ReadingUnavailable, _on_unavailable)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_defect)


async def _on_failure(_request: Request, failure: Exception) -> Response:
    assert isinstance(failure, Failure)
    return error_response(failure.reason, failure.message)


async def _on_unavailable(_request: Request, _failure: Exception) -> Response:
    return error_response(Reason.UNAVAILABLE, "the warehouse does not answer now; try again")


async def _on_invalid_parameter(_request: Request, failure: Exception) -> Response:
    assert isinstance(failure, RequestValidationError)
    problems = (f"{problem['loc'][-1]}: {problem['msg']}" for problem in failure.errors())
    return error_response(Reason.INVALID_PARAMETER, "; ".join(problems))


async def _on_unknown_dimension(_request: Request, failure: Exception) -> Response:
    return error_response(Reason.INVALID_PARAMETER, f"segment: {failure}")


async def _on_not_computable(_request: Request, failure: Exception) -> Response:
    return error_response(Reason.NOT_COMPUTABLE, str(failure))


async def _on_http_exception(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)
    reason = _REASON_OF_STATUS.get(failure.status_code, Reason.INTERNAL_ERROR)
    message = f"{failure.detail}: {request.method} {request.url.path}"
    return error_response(reason, message)


async def _on_defect(_request: Request, _defect: Exception) -> Response:
    """The framework logs the defect itself after this answer."""
    return error_response(Reason.INTERNAL_ERROR, "something went wrong here; the log of the engine says what")
