"""Low watermarks of several collectors on one log, the dead among them left out.

A real broker; dead collectors' marks are written with the times that they would have.
"""

import time
from typing import Any

from integration.kafka_log.place import Place
from integration.kafka_log.sequences import wait_for


def test_two_collectors_both_hold_completeness_back(place: Place, block: Any) -> None:
    """Each has its own mark; whoever asks takes the smallest."""
    first, second, reader = place.log("host-a:8000"), place.log("host-b:8000"), place.reader()
    first.append([block(1, collector="a1")], low_watermark_ms=1000)
    second.append([block(1, collector="b1")], low_watermark_ms=5000)
    wait_for(lambda: reader.low_watermarks() == {"a1": 1000, "b1": 5000})
    first.advance("a1", 7000)
    assert reader.low_watermarks() == {"a1": 7000, "b1": 5000}


def test_a_collector_that_ends_in_good_order_withdraws_its_mark(place: Place, block: Any) -> None:
    """Nobody waits for it, from that moment on."""
    first, second, reader = place.log("host-a:8000"), place.log("host-b:8000"), place.reader()
    first.advance("a1", 1000)
    second.advance("b1", 5000)
    first.close()
    assert reader.low_watermarks() == {"b1": 5000}
    assert place.reader().low_watermarks() == {"b1": 5000}


def test_a_worker_that_only_hands_off_has_no_mark_to_withdraw(place: Place, block: Any) -> None:
    """Closing its log leaves the marks as they are."""
    place.log("host-a:8000").advance("a1", 1000)
    worker = place.log("host-a:8000")
    worker.append([block(1)])
    worker.close()
    assert place.reader().low_watermarks() == {"a1": 1000}


def test_marks_go_at_most_ten_times_a_second_and_the_last_word_is_told(place: Place, block: Any) -> None:
    """Appends do not each write a mark; the idle collector's `advance` says what was left out."""
    log, reader = place.log(), place.reader()
    started = time.monotonic()
    for n in range(1, 101):
        log.append([block(n)], low_watermark_ms=n)
    log.advance("c1", 100)
    took = time.monotonic() - started
    assert reader.low_watermarks() == {"c1": 100}
    marks = reader._questions.ends(place.prefix + "collectors")[0]
    assert marks <= 2 + took / 0.1
