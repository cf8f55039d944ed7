"""From bytes to messages: what is no JSON refuses the request, what is wrong with one message stays with it."""

import gzip
import json
import zlib

import pytest

from ingest.body import check_depth, inflate
from ingest.limits import Limits
from ingest.messages import read_batch, read_single
from ingest.rejections import Reason, Rejection

LIMITS = Limits()


def refusal_of_single(body: bytes) -> Reason:
    with pytest.raises(Rejection) as refused:
        read_single(body, LIMITS)
    return refused.value.reason


def refusal_of_batch(body: bytes) -> Reason:
    with pytest.raises(Rejection) as refused:
        read_batch(body, LIMITS)
    return refused.value.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"not json",
        b"{",
        b'{"a":1,}',
        b'{"properties":{"x":NaN}}',
        b'{"properties":{"x":-Infinity}}',
        b'{"userId":1e400,"x":NaN}',
        b'{"event":"\xff"}',
        b'{"event":"\xed\xa0\x80"}',
        b'{"zzz":"\xff"}',
        b'{"event":"a\nb"}',
        b'{"event":"\\q"}',
        b'{"event":"\\ud800',
        b'{"a":01}',
        b"{} {}",
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_is_no_json_refuses_the_request(body: bytes) -> None:
    """400 for the whole body, on both kinds of routes."""
    assert refusal_of_single(body) is Reason.NOT_JSON
    assert refusal_of_batch(body) is Reason.NOT_JSON


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'"text"', b"[{}]"])
def test_the_top_level_must_be_an_object(body: bytes) -> None:
    """400: JSON of another shape holds no message."""
    assert refusal_of_single(body) is Reason.WRONG_SHAPE
    assert refusal_of_batch(body) is Reason.WRONG_SHAPE


@pytest.mark.parametrize("body", [b"{}", b'{"batch":{}}', b'{"batch":null}', b'{"batch":"x"}', b'{"events":[]}'])
def test_a_batch_holds_a_list_named_batch(body: bytes) -> None:
    """400: a batch route without a list has nothing to store."""
    assert refusal_of_batch(body) is Reason.WRONG_SHAPE


@pytest.mark.parametrize("extra", ["", '"]]]]}}}"', r'"\""', r'"\\"', r'"\\\"[[{{"'])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_the_thirty_third_level_is_refused(opening: str, extra: str) -> None:
    """Depth 32 passes, 33 does not, whatever brackets and quotes stand in strings."""
    closing = "]" if opening == "[" else "}"
    for depth in (31, 32, 33, 40, 900):
        inner = depth - 1
        core = extra if opening == "[" else extra or "1"
        body = (
            '{"x":' + opening * inner + core + closing * inner + (f', "y": [{extra}]' if extra else "") + "}"
        ).encode()
        json.loads(body)
        if depth <= 32:
            check_depth(body, 32)
        else:
            with pytest.raises(Rejection) as refused:
                check_depth(body, 32)
            assert refused.value.reason is Reason.TOO_DEEP


def test_a_long_flat_body_is_not_deep() -> None:
    """Depth is not the number of brackets."""
    body = json.dumps({"batch": [{"properties": {"a": [{"b": "]}"}]}}] * 500}).encode()
    check_depth(body, 32)


@pytest.mark.parametrize(
    "body", [b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_a_depth_bomb_is_refused_by_name(body: bytes) -> None:
    """100,000 levels neither crash the decoder nor count as anything but too deep."""
    assert refusal_of_batch(body) is Reason.TOO_DEEP


def test_a_lone_surrogate_blames_only_its_message() -> None:
    """Valid JSON that no text can hold: its neighbours keep their bytes and their place."""
    items = ['{"event":"a"}', '{"event":"\\ud800"}', '{"event":"\\ud83d\\ude00","x":"\\\\ud800"}', '{"\\udc00":1}']
    read = read_batch(('{"batch": [' + " , ".join(items) + '], "writeKey": "k"}').encode(), LIMITS)
    assert [message.raw.decode() for message in read.messages] == items
    assert [bool(message.trouble) for message in read.messages] == [False, True, False, True]
    assert read.messages[2].item.event == "😀"
    assert read.write_key == "k"


def test_a_lone_surrogate_on_a_single_route_keeps_the_original() -> None:
    """The message can still be quarantined with its own bytes."""
    body = b'{"event":"\\uDfff","userId":"u"}'
    (message,) = read_single(body, LIMITS).messages
    assert message.trouble
    assert message.raw == body
    assert message.item.user_id == "u"


def test_a_number_beyond_all_floats_blames_only_its_message() -> None:
    """1e400 is valid JSON, so not a reason to refuse its neighbours."""
    read = read_batch(b'{"batch":[{"userId":1e400},{"userId":"u"}]}', LIMITS)
    assert [bool(message.trouble) for message in read.messages] == [True, False]


def test_an_item_that_is_no_object_blames_only_itself() -> None:
    """Its neighbours are read."""
    read = read_batch(b'{"batch":[5,null,"x",[],{"userId":"u"}]}', LIMITS)
    assert [bool(message.trouble) for message in read.messages] == [True, True, True, True, False]


def test_of_equal_keys_the_last_counts() -> None:
    """As in every JSON parser."""
    read = read_batch(b'{"batch":[{"userId":"a"}],"batch":[{"userId":"b","userId":"c"}]}', LIMITS)
    assert [message.item.user_id for message in read.messages] == ["c"]


def test_more_messages_than_a_good_batch_can_hold_are_refused() -> None:
    """Only rubbish fits more than 19,000 messages into 500 KB; as many of the shortest as fit are read."""
    assert refusal_of_batch(b'{"batch":[' + b"0," * 19_000 + b"0]}") is Reason.TOO_MANY_MESSAGES
    shortest = b'{"type":"page","userId":1}'
    times = (LIMITS.body_bytes - len(b'{"batch":[]}') + 1) // (len(shortest) + 1)
    body = b'{"batch":[' + b",".join([shortest] * times) + b"]}"
    assert len(read_batch(body, LIMITS).messages) == times


def test_gzip_is_told_by_its_bytes() -> None:
    """Also in several members; anything else is left alone."""
    assert inflate(gzip.compress(b"{}", mtime=0) + gzip.compress(b"  "), LIMITS) == b"{}  "
    assert inflate(b"{}", LIMITS) == b"{}"


@pytest.mark.parametrize(
    "wire",
    [
        b"\x1f\x8b",
        b"\x1f\x8bnot gzip at all",
        gzip.compress(b'{"batch":[]}', mtime=0)[:-4],
        gzip.compress(b'{"batch":[]}', mtime=0)[:12],
        gzip.compress(b'{"batch":[]}', mtime=0) + b"tail",
        gzip.compress(b'{"batch":[]}', mtime=0)[:-8] + b"\0" * 8,
    ],
)
def test_broken_gzip_is_refused(wire: bytes) -> None:
    """Cut short, with a wrong checksum, or followed by something else."""
    with pytest.raises(Rejection) as refused:
        inflate(wire, LIMITS)
    assert refused.value.reason is Reason.BROKEN_GZIP


def test_gzip_in_a_thousand_pieces_is_refused() -> None:
    """Each costs a decompressor, and 500 KB hold 22,000 empty ones; senders make one, or a few by concatenation."""
    assert inflate(gzip.compress(b" ", mtime=0) * 64, LIMITS) == b" " * 64
    with pytest.raises(Rejection) as refused:
        inflate(gzip.compress(b"", mtime=0) * 65, LIMITS)
    assert refused.value.reason is Reason.BROKEN_GZIP


def test_a_gzip_bomb_is_never_inflated() -> None:
    """At most one byte over the cap is ever made of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    assert len(bomb) < LIMITS.body_bytes
    with pytest.raises(Rejection) as refused:
        inflate(bomb, LIMITS)
    assert refused.value.reason is Reason.BODY_TOO_LARGE


def test_a_ratio_that_only_bombs_have_is_refused() -> None:
    """Even if what comes out is within the cap."""
    with pytest.raises(Rejection) as refused:
        inflate(gzip.compress(bytes(100_000)), Limits(inflate_ratio=100))
    assert refused.value.reason is Reason.BODY_TOO_LARGE
