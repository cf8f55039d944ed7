"""A durable sign that all partitions are being rebuilt by one process: workers must not claim any meanwhile.

Does not rebuild. It is a claim on a pseudo-partition, renewed while the rebuild lives: a sign that stays the same
for long was left by a dead process and does not count. No clocks are compared.
"""

import secrets
import time
from collections.abc import Callable

from schemas.checkpoints import REPAIR_PARTITION, CheckpointStore, Owner

HOLD_PARTITION = REPAIR_PARTITION - 1
"""Its claims are the sign. A nonce of 0 says that it was taken back."""

RENEW_SECONDS = 3.0
DEAD_AFTER_SECONDS = 20.0

_TAKEN_BACK = 0


class ReplayUnderWay(RuntimeError):
    """People and counters are being rebuilt by another process; partitions can be claimed once it is done."""


class ReplayHold:
    """The rebuilding process's side. Blocking."""

    def __init__(self, store: CheckpointStore) -> None:
        self._store = store
        self._nonce = 1 + secrets.randbits(62)

    def renew(self) -> None:
        """Put up the sign, or show that it is alive.

        Raises:
            ReplayUnderWay: another process has put up its own.
        """
        last = _sign(self._store)
        if last.nonce not in (_TAKEN_BACK, self._nonce) and HoldWatch(self._store).stays_alive():
            raise ReplayUnderWay("another process rebuilds people and counters")
        _put_up(self._store, _sign(self._store).epoch + 1, self._nonce)

    def take_back(self) -> None:
        """Take down our sign; another process's stays."""
        sign = _sign(self._store)
        if sign.nonce == self._nonce:
            _put_up(self._store, sign.epoch + 1, _TAKEN_BACK)


class HoldWatch:
    """The workers' side. Blocking."""

    def __init__(self, store: CheckpointStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._seen: Owner | None = None
        self._seen_at = 0.0

    def is_held(self) -> bool:
        """Whether a rebuild is under way, as far as can be told: a dead one is known after a while of asking.

        A dead one's sign is taken down, so that nobody has to find it out again. A rebuild that was only slow puts up
        its own anew.
        """
        sign = _sign(self._store)
        if sign != self._seen:
            self._seen, self._seen_at = sign, self._clock()
        if sign.nonce == _TAKEN_BACK:
            return False
        if self._clock() - self._seen_at < DEAD_AFTER_SECONDS:
            return True
        _put_up(self._store, sign.epoch + 1, _TAKEN_BACK)
        return False

    def stays_alive(self) -> bool:
        """Ask until it is known."""
        first = _sign(self._store)
        while self.is_held():
            if _sign(self._store) != first:
                return True
            time.sleep(RENEW_SECONDS / 3)
        return False


def _put_up(store: CheckpointStore, epoch: int, nonce: int) -> None:
    store.write_claims({HOLD_PARTITION: Owner(epoch, nonce)})


def _sign(store: CheckpointStore) -> Owner:
    return store.highest_claims([HOLD_PARTITION]).get(HOLD_PARTITION, Owner(0, _TAKEN_BACK))
