"""The closed list of reasons for which a whole request is refused, and the body that says so.

Does not judge single messages: a message that breaks a rule is quarantined (see `ingest.steps`).
"""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Names of refusals, as they appear in replies, telemetry and tests."""

    NOT_JSON = "not_json"
    BROKEN_GZIP = "broken_gzip"
    TOO_DEEP = "too_deep"
    WRONG_SHAPE = "wrong_shape"
    TOO_MANY_MESSAGES = "too_many_messages"
    INVALID_KEY = "invalid_key"
    FORBIDDEN = "forbidden"
    BODY_TOO_LARGE = "body_too_large"
    EVENT_TOO_LARGE = "event_too_large"
    BODY_TIMEOUT = "body_timeout"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    LOG_UNAVAILABLE = "log_unavailable"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    UNKNOWN_ROUTE = "unknown_route"
    METHOD_NOT_ALLOWED = "method_not_allowed"


STATUS = {
    Reason.NOT_JSON: 400,
    Reason.BROKEN_GZIP: 400,
    Reason.TOO_DEEP: 400,
    Reason.WRONG_SHAPE: 400,
    Reason.TOO_MANY_MESSAGES: 400,
    Reason.INVALID_KEY: 401,
    Reason.FORBIDDEN: 403,
    Reason.BODY_TOO_LARGE: 413,
    Reason.EVENT_TOO_LARGE: 413,
    Reason.BODY_TIMEOUT: 408,
    Reason.RATE_LIMITED: 429,
    Reason.OVERLOADED: 503,
    Reason.LOG_UNAVAILABLE: 503,
    Reason.ENGINE_UNAVAILABLE: 503,
    Reason.UNKNOWN_ROUTE: 404,
    Reason.METHOD_NOT_ALLOWED: 405,
}


class Rejection(Exception):
    """A request refused as a whole: nothing of it is stored.

    `message` is one sentence for the sender. `retry_after` (whole seconds) goes out with 429 and 503.
    """

    def __init__(self, reason: Reason, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return STATUS[self.reason]

    def body(self) -> bytes:
        """The error form that every SDK understands: it stops their pointless retries."""
        refused_key = self.reason is Reason.INVALID_KEY
        return msgspec.json.encode(
            {
                "success": False,
                "status": 0,
                # Several SDKs look for this number in the body of a 401 and retry for ever without it.
                "code": 400 if refused_key else self.status,
                "reason": self.reason.value,
                "message": self.message,
                # Amplitude's SDKs stop only at these words.
                "error": f"Invalid API key: {self.message}" if refused_key else self.message,
                "detail": self.message,
            }
        )
