"""What the parts of the simulation share: the population, one random source per day, and an agenda of what is due.

Does not say what happens on a day: see `simulate.company` for the order of the parts.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from simulate.envelope import HOUR_MS, MINUTE_MS, Day, Message, by
from simulate.people import Person, Population

SERVER_CONTEXT: Mapping[str, Any] = {"library": {"name": "analytics-python", "version": "2.4.0"}}

Action = Callable[[Day], None]

_HOURS = tuple(range(7, 23))
_HOUR_WEIGHTS = (2, 6, 11, 12, 11, 7, 6, 10, 11, 10, 8, 5, 3, 3, 2, 1)


class World:
    """State that lives from day to day. `random` is renewed each morning: a day depends on seed and past alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.tag = f"{seed:x}"
        self.population = Population(self.tag)
        self.random = Random(seed)
        self.signups_left: int | None = None
        self._agenda: dict[int, list[Action]] = defaultdict(list)
        self._numbers: dict[str, int] = defaultdict(int)

    def begin(self, day: Day, signups_at_most: int | None) -> list[Action]:
        """Start a day: fresh random numbers; returns what is due on it."""
        self.random = Random(f"{self._seed}/{day.number}")
        self.signups_left = signups_at_most
        return self._agenda.pop(day.number, [])

    def later(self, day_number: int, action: Action) -> None:
        """Put something on the agenda of a day to come."""
        self._agenda[day_number].append(action)

    def may_sign_up(self) -> bool:
        """Whether the day still admits a signup; counts it."""
        if self.signups_left is None:
            return True
        self.signups_left -= 1
        return self.signups_left >= 0

    def number(self, what: str) -> str:
        """The next id of a kind: `task-12`."""
        self._numbers[what] += 1
        return f"{what}-{self._numbers[what]}"

    def working_moment(self, day: Day, utc_offset_hours: int = 1) -> int:
        """A moment of the day (Unix ms), mostly in working hours of somebody's own time zone."""
        hour = (self.random.choices(_HOURS, _HOUR_WEIGHTS)[0] - utc_offset_hours) % 24
        return day.start_ms + hour * HOUR_MS + int(self.random.random() * HOUR_MS)

    def pause(self, longest_minutes: float = 4.0) -> int:
        """Milliseconds between two things somebody does."""
        return 2_000 + int(self.random.random() ** 2 * longest_minutes * MINUTE_MS)

    def from_server(self, day: Day, at_ms: int, person: Person, message: Message) -> None:
        """A message of the company's own backend: it knows the user, not the device."""
        day.add(at_ms, by(message, user_id=person.user_id))
