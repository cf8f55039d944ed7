"""The one wall clock, handed to every part as a function.

Does not measure durations: those use the monotonic clock.
"""

import time


def unix_ms() -> int:
    """Now, in Unix milliseconds."""
    return time.time_ns() // 1_000_000
