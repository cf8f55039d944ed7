"""Random bodies: nothing but a named refusal ever comes out of the decoder, and what is stored is what was sent."""

import json
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.arrival import arrival_of
from ingest.auth import Grant
from ingest.body import check_depth, inflate
from ingest.limits import Limits
from ingest.messages import read_batch, read_single
from ingest.rejections import Rejection
from ingest.sorting import Sorter
from ingest.telemetry import Telemetry
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

LIMITS = Limits()
SORTER = Sorter(load_workspace(DEFAULT_WORKSPACE), 4, "c-1", LIMITS, Telemetry())
NOW_MS = 1_795_262_400_000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "properties", "context", "traits"]
)
items = st.dictionaries(names | st.text(string.ascii_letters, max_size=4), json_values, max_size=8)
kinds = st.sampled_from(["track", "identify", "alias", "group", "page", "screen"])


def take(body: bytes) -> None:
    for read, kind in ((read_single, "track"), (read_batch, "")):
        try:
            inflated = inflate(body, LIMITS)
            messages = read(inflated, LIMITS)
        except Rejection:
            continue
        out = SORTER.sort(messages.messages, arrival_of(kind, messages, NOW_MS), Grant("web", False))
        SORTER.portions(out)
        assert len(out.stored) + len(out.quarantine) == len(messages.messages)


@given(st.binary(max_size=300))
def test_random_bytes_never_raise_past_the_body_decoder(body: bytes) -> None:
    """Only a Rejection may come out, whatever comes in."""
    take(body)
    take(b"\x1f\x8b" + body)


@given(st.text(alphabet='{}[]":,\\u018dabNnt \n-.eE"', max_size=60))
def test_what_looks_like_json_never_raises_either(text: str) -> None:
    """Near misses reach further into the decoder."""
    take(text.encode())
    take(f'{{"batch":[{text}]}}'.encode())


@given(st.lists(items, max_size=5))
def test_random_items_each_get_a_verdict_of_their_own(batch: list[dict[str, Any]]) -> None:
    """Accepted + quarantined = sent, whatever types the fields have."""
    take(json.dumps({"batch": batch}).encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(json_values, st.integers(0, 3))
def test_depth_is_that_of_the_decoded_value(value: Any, wraps: int) -> None:
    """Counted in the bytes, it equals the depth of what they hold: no bracket in a string is taken for one."""
    for _ in range(wraps):
        value = {'"]}[{\\"': [value]}
    body = json.dumps(value).encode()
    depth = depth_of(value)
    check_depth(body + b" " * 5000, depth)
    if depth:
        try:
            check_depth(body + b" " * 5000, depth - 1)
        except Rejection:
            return
        raise AssertionError("one level less was accepted")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8), json_values.filter(bool), max_size=5
    ),
    st.sampled_from([None, 2]),
)
def test_stored_properties_are_those_that_were_sent(properties: dict[str, Any], indent: int | None) -> None:
    """Whatever white space the sender used, decode(row) is what it meant, on one line."""
    message = {"type": "page", "userId": "u", "messageId": "m", "properties": properties}
    text = json.dumps({"batch": [message]}, indent=indent, allow_nan=True)
    try:
        messages = read_batch(text.encode("utf-8", "surrogatepass"), LIMITS)
    except Rejection:
        return
    out = SORTER.sort(messages.messages, arrival_of("", messages, NOW_MS), Grant("web", False))
    for portion in SORTER.portions(out):
        assert portion.value.count(b"\n") == 1
        if out.stored:
            assert json.loads(portion.value).get("properties", {}) == properties


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0
