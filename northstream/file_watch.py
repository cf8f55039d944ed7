"""Tells when files that people edit have changed, and are not being written any more.

Does not read them, and has no thread: whoever watches asks twice a second.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

PAUSE_SECONDS = 0.5
"""Between two looks. What has changed is read when the next look finds it the same, so that nothing is half written."""

Stamp = tuple[tuple[str, int, int], ...]
"""Path, time of change in nanoseconds and size of every file that is watched."""

Seen = TypeVar("Seen")


class Watch(Generic[Seen]):
    """What was seen of the files, and what of it has been read. `see`: asked at each look; compared with `==`."""

    def __init__(self, see: Callable[[], Seen]) -> None:
        """What there is now counts as read."""
        self._see = see
        self._seen = self._read = see()

    def has_news(self) -> bool:
        """Whether something was there at the last two looks that has not been read; from now on it has."""
        seen = self._see()
        is_steady = seen == self._seen
        self._seen = seen
        if not is_steady or seen == self._read:
            return False
        self._read = seen
        return True


def stamp_of(folder: Path, files: Iterable[Path]) -> Stamp:
    """What tells that a file was written, made or removed; the folder's own name is part of it."""
    stamp = [(str(folder), 0, 0)]
    for path in files:
        try:
            status = path.stat()
        except OSError:
            continue
        stamp.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(stamp)
