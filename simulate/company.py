"""The simulated company: its whole history, day by day, as Segment-shaped messages in time order.

Does not send anything: see `simulate.send`. The same seed, start, end and size give the same messages.
"""

from collections.abc import Iterator
from datetime import date

from schemas.calendar import DAY_MS, day_number
from simulate.books import Books
from simulate.envelope import Day, Message
from simulate.flaws import broken_message
from simulate.habits import Invite, live_the_day
from simulate.market import MEAN_CONVERSION, demand
from simulate.people import Person
from simulate.signups import accept_invitation
from simulate.visits import receive_visitors
from simulate.world import World

_OWN_ACCORD_SHARE = 0.72
"""Of those who sign up; the others follow an invitation."""

_SIGNUPS_ON_THE_LAST_DAY = 12
"""The last day is a quiet one, so that an alert on the day's signups is left to the live traffic."""

_BROKEN_SHARE = 0.004


class Company:
    """A world that can be lived through once. Days are UTC days; `number` 0 is the day of `start`."""

    def __init__(self, seed: int, start: date, end_ms: int, people: int = 6_000) -> None:
        """`end_ms` (Unix ms) ends the history, on a quiet last day; about `people` sign up by then."""
        self._first_day_ms = day_number(start) * DAY_MS
        self._end_ms = end_ms
        self._days = (end_ms - self._first_day_ms) // DAY_MS + 1
        self._visitors_per_demand = people * _OWN_ACCORD_SHARE / MEAN_CONVERSION / self._total_demand()
        self._present: list[Person] = []
        self._seen_people = 0
        self.world = World(seed)
        self.books = Books(seed, self._days)

    @property
    def start_ms(self) -> int:
        return self._first_day_ms

    def messages(self) -> Iterator[Message]:
        """The history from `start` to `end_ms`."""
        for _, message in self.timed_messages(self._end_ms):
            yield message

    def timed_messages(self, until_ms: int) -> Iterator[tuple[int, Message]]:
        """(time, message) from `start` to `until_ms`, which may lie behind the end: the company lives on."""
        for number in range((until_ms - self._first_day_ms) // DAY_MS + 1):
            for at_ms, message in self._live(Day(number, self._first_day_ms + number * DAY_MS)):
                if at_ms >= until_ms:
                    break
                yield at_ms, message

    def people_before(self, at_ms: int) -> list[Person]:
        """Who had signed up before the day of an instant and has not left by then."""
        today = (at_ms - self._first_day_ms) // DAY_MS
        return [person for person in self._present if person.signup_day < today <= person.leaves_day]

    def close_books(self, until_ms: int) -> None:
        """Also book the days behind those lived, up to that of an instant: the accounts stay as they are then."""
        for number in range(self.books.closed, (until_ms - self._first_day_ms) // DAY_MS + 1):
            self._close_books(Day(number, self._first_day_ms + number * DAY_MS))

    def _close_books(self, day: Day) -> None:
        self.books.close(day, self._visitors(day), self.world.population.accounts)

    def _visitors(self, day: Day) -> float:
        return self._visitors_per_demand * demand(day.number, self._days, day.weekday)

    def _live(self, day: Day) -> Iterator[tuple[int, Message]]:
        world = self.world
        is_last = day.number == self._days - 1
        for action in world.begin(day, _SIGNUPS_ON_THE_LAST_DAY if is_last else None):
            action(day)
        live_the_day(world, day, self._present_people(day.number), self._invitation_by)
        receive_visitors(world, day, self._visitors(day))
        self._break_some(day)
        self._close_books(day)
        return day.in_order(f"sim-{world.tag}")

    def _present_people(self, today: int) -> list[Person]:
        """Those who have not left; newcomers of earlier days are added."""
        newcomers = self.world.population.people[self._seen_people :]
        self._seen_people += len(newcomers)
        self._present = [person for person in self._present + newcomers if person.leaves_day >= today]
        return self._present

    def _invitation_by(self, person: Person) -> Invite:
        return lambda then, invitation_id: accept_invitation(self.world, then, person, invitation_id)

    def _break_some(self, day: Day) -> None:
        random = self.world.random
        for person in self._present:
            if random.random() < _BROKEN_SHARE:
                day.add(self.world.working_moment(day), broken_message(random, person))

    def _total_demand(self) -> float:
        weekday = (self._first_day_ms // DAY_MS + 3) % 7
        return sum(demand(day, self._days, (weekday + day) % 7) for day in range(self._days))
