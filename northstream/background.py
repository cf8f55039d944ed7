"""A function in a thread of its own that tells when it fails.

Does not stop the function: that has a way of its own.
"""

import threading
from collections.abc import Callable

_JOIN_SECONDS = 10.0


class Background:
    """Runs `call` once; `on_failure` gets what it raises."""

    def __init__(self, name: str, call: Callable[[], None], on_failure: Callable[[Exception], None]) -> None:
        self._call = call
        self._on_failure = on_failure
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of a function that has been told to stop."""
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        try:
            self._call()
        except Exception as error:
            # The last frame of the thread: the process decides what its end means.
            self._on_failure(error)
