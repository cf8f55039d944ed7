"""Errors of the HTTP face, worded and numbered as a ClickHouse server does.

Does not decide what is an error: the engine, the guard and the request reader raise these.
"""

import re

_STATUS_BY_CODE = {
    **dict.fromkeys(
        (6, 10, 12, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 69, 72, 117, 125, 128, 167, 168, 427, 675), 400
    ),
    **dict.fromkeys((376, 441, 676), 400),
    **dict.fromkeys((194,), 401),
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 83, 115, 336, 511), 404),
    159: 408,
    381: 411,
    229: 413,
    48: 501,
    **dict.fromkeys((76, 209, 439), 503),
}
"""Statuses other than 500, as the server's own table maps them."""

_ENGINE_ERROR = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.DOTALL)
_NOT_TEXT = "codec can't decode"
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\s*(?:\(version [^)]*(?:\([^)]*\))?\))?\s*\Z")
_CHECK_SCOPE = re.compile(r": In scope SELECT formatQuerySingleLine\(.*?\)\)(?=\. \()", re.DOTALL)
_INNER_ERROR = re.compile(r"\ACode: \d+\. DB::Exception: ")
_INNER_VERSION = re.compile(r"(?:\s*\([A-Z][A-Z0-9_]+\) \(version [^)]*\)\.?)+(?=\s*\([A-Z][A-Z0-9_]+\)\s*\Z)")


class FaceError(Exception):
    """A refusal or failure with ClickHouse's error code and its name."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status of a ClickHouse server for this code."""
        return _STATUS_BY_CODE.get(self.code, 500)

    def body(self, version: str) -> bytes:
        """The reply's text; official clients parse the code and the name out of it."""
        text = f"Code: {self.code}. DB::Exception: {self.message} ({self.name}) (version {version})\n"
        return text.encode("utf-8", "replace")


def engine_error(error: Exception) -> FaceError:
    """The engine's exception as a face error, its repeated wrapping and our own check query removed."""
    found = _ENGINE_ERROR.search(str(error))
    if found is None and isinstance(error, RuntimeError) and _NOT_TEXT in str(error):
        # The engine quotes the data that it cannot read, and its own binding cannot read the quotation.
        return FaceError(27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED", "Cannot parse input: it is not UTF-8.")
    if found is None:
        return FaceError(1001, "STD_EXCEPTION", f"{error}.")
    code, message = int(found[1]), _CHECK_SCOPE.sub("", found[2]).strip()
    message = _INNER_VERSION.sub("", message)
    while inner := _INNER_ERROR.match(message):
        message = message[inner.end() :]
    name = _NAME.search(message)
    if name is None:
        return FaceError(code, "UNKNOWN_EXCEPTION", message)
    return FaceError(code, name[1], message[: name.start()].rstrip())


def read_only_refusal(detail: str = "default: Cannot execute query in readonly mode.") -> FaceError:
    return FaceError(164, "READONLY", detail)


def access_denied(what: str) -> FaceError:
    return FaceError(497, "ACCESS_DENIED", f"default: Not enough privileges. The read-only user may not use {what}.")


def authentication_failed(user: str) -> FaceError:
    detail = f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
    return FaceError(516, "AUTHENTICATION_FAILED", detail)
