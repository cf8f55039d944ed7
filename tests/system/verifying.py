"""What must hold of a running product once all is settled, whatever was done to it; and the senders that load it.

Does not do anything to it: see the tests.
"""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager

from system.company import Customers, iso
from system.counting import Stored, count, differences, persons_of, published, stored_events, today_in
from system.running import NorthStream
from system.sending import Journal, Sender, running_senders

SENDERS = 4


def seed() -> int:
    """Another one each time, told so that a failure can be looked into."""
    chosen = time.time_ns() % 1_000_000
    print(f"seed {chosen}")
    return chosen


def started_senders(running: NorthStream, first_seed: int) -> AbstractContextManager[Sequence[Sender]]:
    """Senders with the secret key (their aliases unite users), each with devices of its own."""
    return running_senders(
        [
            Sender(running.port, running.secret_key, Customers(first_seed + number).compose, first_seed + number)
            for number in range(SENDERS)
        ]
    )


def verify(running: NorthStream, journals: Sequence[Journal]) -> None:
    """Everything that must hold once all is settled."""
    stored = stored_events(running)
    ids = [event.message_id for event in stored]
    kept = {message_id: at for journal in journals for message_id, at in journal.kept.items()}
    sent = [message for journal in journals for message in journal.sent]
    answers = sum((Counter(journal.answers) for journal in journals), Counter())
    print(f"{len(sent)} sent, {len(kept)} kept, {len(ids)} stored; answers {dict(answers)}")
    assert kept, "nothing was answered 200"
    none_of("answers that no sender expects", [surprise for journal in journals for surprise in journal.surprises])
    assert not sum(journal.refusals_without_retry_after for journal in journals), "503 without Retry-After"
    none_of("answered 200 and not stored", kept.keys() - set(ids))
    none_of("stored twice", [message_id for message_id, copies in Counter(ids).items() if copies > 1])
    none_of("stored and never sent", set(ids) - {message["messageId"] for message in sent})
    # Of several copies the earliest time counts; one that was never answered may have been earlier still.
    none_of("later than a copy that was answered 200", [event for event in stored if is_later(event, kept)])
    persons = persons_of(sent, set(ids))
    strangers = [event for event in stored if event.person_id != persons[event.message_id]]
    none_of("events of another person", [(event, persons[event.message_id]) for event in strangers])
    expected = count(stored, persons)
    print({metric: sum(days.values()) for metric, days in sorted(expected.items())})
    none_of("numbers that differ", differences(expected, published(running), today_in()))
    quality = running.get("/api/quality")
    figures = (quality["accepted"] - quality["duplicates"], quality["quarantined"])
    assert figures == (len(ids), 0), f"{quality} for {len(ids)} messages"


def is_later(event: Stored, kept: Mapping[str, str]) -> bool:
    """Whether a stored message stands at a later time than the earliest copy that was answered 200."""
    return event.message_id in kept and iso(event.occurred_ms / 1000) > kept[event.message_id]


def none_of(what: str, found: Collection[object]) -> None:
    """Fail with how many there are and some of them."""
    some = "\n".join(str(one) for one in list(found)[:10])
    assert not found, f"{what}: {len(found)}, such as\n{some}"
