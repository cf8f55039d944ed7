"""Stands for leadership in a process of its own, and prints whether it leads: when that changes and after each freeze.

Not a test: a frozen process is one that the system does not run.
"""

import sys
import time

from schemas.topics import Topic
from stream.kafka.leadership import Leadership


def main(brokers: str, prefix: str, reached: int) -> None:
    leadership = Leadership(brokers, prefix)
    leadership.note_reached({(Topic.EVENTS, 1): reached})
    leadership.start()
    said, looked_at = None, time.monotonic()
    while True:
        # As a loader looks before each load.
        leads, was_frozen = leadership.is_leader, time.monotonic() - looked_at > 1.0
        if leads != said or was_frozen:
            print(f"{'leads' if leads else 'stands by'}{' after a freeze' if was_frozen else ''}", flush=True)
        said, looked_at = leads, time.monotonic()
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
