"""Keys in every place where SDKs put them, and the rate of a key."""

import base64

import pytest

from ingest.auth import Grant, KeyRing, key_in_query
from ingest.limits import Limits
from ingest.rejections import Reason, Rejection
from ingest.throttle import Throttle

KEYS = KeyRing({"wk": "web"}, {"sk"})


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize("header", [basic("wk:"), basic("wk:ignored"), basic("wk"), b"Bearer wk", b"bearer  wk "])
def test_a_key_is_the_basic_user_or_the_bearer_token(header: bytes) -> None:
    """Both schemes, in any case."""
    assert KEYS.by_header(header) == Grant("web", False)


def test_a_secret_key_may_also_write() -> None:
    """And is told apart."""
    assert KEYS.by_header(basic("sk:")) == Grant("secret", True)


@pytest.mark.parametrize("header", [basic("other:"), b"Bearer other", b"Basic !!!", basic("wk\n:"), b"Bearer wk2"])
def test_a_wrong_key_is_refused(header: bytes) -> None:
    """Even if the body held a right one."""
    with pytest.raises(Rejection) as refused:
        KEYS.by_header(header)
    assert refused.value.reason is Reason.INVALID_KEY
    assert b'"code":400' in refused.value.body()
    assert b'"error":"Invalid API key:' in refused.value.body()


@pytest.mark.parametrize("header", [basic(":"), b"Digest wk", b"Bearer ", b""])
def test_a_header_without_a_key_leaves_the_body_to_tell(header: bytes) -> None:
    """Older SDKs send no user name."""
    assert KEYS.by_header(header) is None


@pytest.mark.parametrize("key", [None, "", 5, ["wk"], "nope", "\ud800"])
def test_a_body_without_a_right_key_is_refused(key: object) -> None:
    """401."""
    with pytest.raises(Rejection):
        KEYS.by_key(key)


def test_a_beacon_names_its_key_in_the_query() -> None:
    """It cannot send headers."""
    assert key_in_query(b"a=1&writeKey=w%6B") == "wk"
    assert key_in_query(b"a=1") == ""


def test_a_key_over_its_rate_is_told_when_to_come_back() -> None:
    """429; the bucket fills steadily, and other keys are left alone."""
    now = [0.0]
    throttle = Throttle(Limits(events_per_second=10.0), lambda: now[0])
    web, app = Grant("web", False), Grant("app", False)
    throttle.take(web, 35)
    with pytest.raises(Rejection) as refused:
        throttle.take(web, 1)
    assert refused.value.status == 429
    assert refused.value.retry_after == 3
    throttle.take(app, 1)
    now[0] += refused.value.retry_after
    throttle.take(web, 1)


def test_by_default_there_is_no_rate() -> None:
    """Contracts §1."""
    for _ in range(100):
        Throttle(Limits()).take(Grant("web", False), 1_000_000)
