"""What got a 200 is kept, once, and every number is right, whatever dies whenever (contracts §1, §3).

Does not look inside: messages go in over HTTP, SQL tells what came of them.
"""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from system.company import Customers, iso
from system.counting import Stored, count, differences, persons_of, published, stored_events, today_in
from system.running import NorthStream
from system.sending import Journal, Sender, stop_all

SENDERS = 4
VICTIMS = ("all", "collector", "engine", "supervisor")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.long)])
def test_what_was_answered_200_survives_kill_9_of_anything(tmp_path: Path, kills: int) -> None:
    """Acknowledged means kept: stored exactly once, and counted, through `kill -9` of any process at any moment."""
    seed = time.time_ns() % 1_000_000
    random = Random(seed)
    print(f"seed {seed}")
    with NorthStream(tmp_path) as running:
        senders = start_senders(running, seed)
        for turn in range(kills):
            time.sleep(random.uniform(0.2, 3.0))
            victim = VICTIMS[turn % len(VICTIMS)] if turn < len(VICTIMS) else random.choice(VICTIMS)
            running.kill(victim)
            print(f"killed {victim} after {sum(len(sender.journal.kept) for sender in senders)} kept messages")
            if not running.is_running():
                running.start()
        running.wait_until_ready()
        journals = stop_all(senders)
        running.settle()
        verify(running, journals)


def start_senders(running: NorthStream, seed: int, senders: int = SENDERS) -> list[Sender]:
    """Senders with the secret key (their aliases unite users), each with devices of its own."""
    started = [
        Sender(running.port, running.secret_key, Customers(seed + number).compose, seed + number)
        for number in range(senders)
    ]
    for sender in started:
        sender.start()
    return started


def verify(running: NorthStream, journals: Sequence[Journal]) -> None:
    """Everything that must hold once all is settled."""
    stored = stored_events(running)
    ids = [event.message_id for event in stored]
    kept = {message_id: at for journal in journals for message_id, at in journal.kept.items()}
    sent = [message for journal in journals for message in journal.sent]
    answers = sum((Counter(journal.answers) for journal in journals), Counter())
    print(f"{len(sent)} sent, {len(kept)} kept, {len(ids)} stored; answers {dict(answers)}")
    assert not [surprise for journal in journals for surprise in journal.surprises][:3]
    assert not sum(journal.refusals_without_retry_after for journal in journals), "503 without Retry-After"
    assert kept, "nothing was answered 200"
    assert not sorted(kept.keys() - set(ids))[:10], "answered 200 and not stored"
    assert not [message_id for message_id, copies in Counter(ids).items() if copies > 1][:10], "stored twice"
    assert not sorted(set(ids) - {message["messageId"] for message in sent})[:10], "stored and never sent"
    verify_times(stored, kept)
    expected_person = persons_of(sent, set(ids))
    wrong = [event for event in stored if event.person_id != expected_person[event.message_id]]
    assert not wrong[:5], f"{len(wrong)} events have another person: expected {expected_person[wrong[0].message_id]}"
    expected = count(stored, expected_person)
    found = published(running)
    print({metric: sum(days.values()) for metric, days in sorted(expected.items())})
    assert not differences(expected, found, today_in())
    quality = running.get("/api/quality")
    assert quality["accepted"] - quality["duplicates"] == len(ids)
    assert quality["quarantined"] == 0


def verify_times(stored: Sequence[Stored], kept: dict[str, str]) -> None:
    """Of several copies the earliest time counts; one that was never answered may have been earlier still."""
    late = [event for event in stored if iso(event.occurred_ms / 1000) > kept.get(event.message_id, "9")]
    assert not late[:5], f"{len(late)} events are later than a copy that was answered 200"
