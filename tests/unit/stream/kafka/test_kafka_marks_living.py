"""Which collectors count as living, by the broker's clock."""

from stream.kafka.watermarks import RENEWED_WITHIN_MS, Marks, encode_watermark


def marks(*records: tuple[bytes, bytes | None, int]) -> dict[str, int]:
    taken = Marks()
    for record in records:
        taken.take(*record)
    return taken.living()


def test_a_collector_silent_for_two_minutes_is_dead() -> None:
    """Measured against the newest record of any collector, which is from now as long as one lives."""
    old = (b"a", encode_watermark("a1", 10), 1_000)
    assert marks(old, (b"b", encode_watermark("b1", 20), 1_000 + RENEWED_WITHIN_MS)) == {"a1": 10, "b1": 20}
    assert marks(old, (b"b", encode_watermark("b1", 20), 1_001 + RENEWED_WITHIN_MS)) == {"b1": 20}


def test_the_last_collectors_to_fall_silent_keep_their_word() -> None:
    """With nobody alive nobody can say that their marks are old."""
    assert marks((b"a", encode_watermark("a1", 10), 1_000)) == {"a1": 10}


def test_an_instance_that_starts_anew_replaces_its_predecessor() -> None:
    """The same instance under a new collector name has one mark."""
    assert marks((b"a", encode_watermark("a1", 10), 1), (b"a", encode_watermark("a2", 5), 2)) == {"a2": 5}


def test_a_withdrawn_mark_is_gone() -> None:
    """A record without a value withdraws; one more changes nothing."""
    assert marks((b"a", encode_watermark("a1", 10), 1), (b"a", None, 2), (b"a", None, 3)) == {}


def test_foreign_records_among_the_marks_are_passed_over() -> None:
    """No key, no JSON, other JSON: none of them stops the others."""
    good = (b"a", encode_watermark("a1", 10), 1)
    assert marks(good, (b"a", b"\xff", 2), (b"a", b'{"collector": 3}', 3), (b"x", b"[]", 4)) == {"a1": 10}
    taken = Marks()
    taken.take(None, b"{}", 1)
    assert taken.living() == {}
