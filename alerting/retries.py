"""When a message that was not taken is tried again, and when it is given up.

Does not deliver.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits double from `first_seconds` to `longest_seconds`, each cut at random to between half and all of it.

    After `give_up_seconds` since its creation a message is a dead letter. `timeout_seconds`: of one exchange.
    """

    timeout_seconds: float = 10.0
    first_seconds: float = 1.0
    longest_seconds: float = 300.0
    give_up_seconds: float = 86_400.0

    @property
    def longest_wait_seconds(self) -> float:
        """No message waits longer, whatever its receiver asks for."""
        return 12 * self.longest_seconds

    def wait_seconds(self, attempts: int, asked_seconds: float | None = None) -> float:
        """Before the next attempt, after `attempts` (≥ 1) that failed; as long as the receiver asks, within reason."""
        longest = min(self.longest_seconds, self.first_seconds * 2.0 ** min(attempts - 1, 30))
        return max(longest * random.uniform(0.5, 1.0), min(asked_seconds or 0.0, self.longest_wait_seconds))
