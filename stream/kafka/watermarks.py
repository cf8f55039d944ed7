"""The low watermarks of collectors, as they lie in their topic.

Does not read or write the topic: see `stream.kafka.log` and `stream.kafka.reading`.
"""

from dataclasses import dataclass, field

import msgspec

RENEWED_WITHIN_MS = 120_000
"""A collector renews its mark a few times a second. One that has been silent for so long is dead."""


class _Mark(msgspec.Struct):
    collector: str
    low_watermark_ms: int


_decode = msgspec.json.Decoder(_Mark).decode


def encode_watermark(collector: str, low_watermark_ms: int) -> bytes:
    return msgspec.json.encode(_Mark(collector, low_watermark_ms))


@dataclass(slots=True)
class Marks:
    """The latest mark of each instance, from the topic's records in order.

    Time is the broker's, as it stands on the records: while any collector lives, the newest record is from now.
    Should all be silent, the last ones alive keep their word, for nobody can say that it is old.
    """

    _marks: dict[bytes, tuple[int, _Mark]] = field(default_factory=dict)
    _latest_ms: int = 0

    def take(self, instance: bytes | None, value: bytes | None, appended_ms: int) -> None:
        """Take in the next record of the topic; foreign ones are passed over."""
        self._latest_ms = max(self._latest_ms, appended_ms)
        if instance is None:
            return
        try:
            mark = _decode(value) if value else None
        except msgspec.MsgspecError:
            return
        if mark is None:
            self._marks.pop(instance, None)
        else:
            self._marks[instance] = (appended_ms, mark)

    def living(self) -> dict[str, int]:
        """Low watermark (Unix ms) of each living collector."""
        since = self._latest_ms - RENEWED_WITHIN_MS
        living = [mark for renewed_ms, mark in self._marks.values() if renewed_ms >= since]
        return {mark.collector: mark.low_watermark_ms for mark in living}
