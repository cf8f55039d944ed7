"""The people of one partition: decoded while they are touched, compact bytes at rest.

Does not change them: see `apply` and `identity`.
"""

from collections.abc import Iterable, Iterator

from stream.core.definitions import Compiled
from stream.core.funnels import all_entries
from stream.core.person import Person
from stream.core.person_codec import decode, encode, encode_moved, moved_target


class Moved(str):
    """The person that a person has been united into."""

    __slots__ = ()


class People:
    """By person id: a `Person`, its bytes, or where it has moved to. Remembers who was touched."""

    def __init__(self, definitions: Compiled) -> None:
        self._definitions = definitions
        self._states: dict[str, Person | bytes | Moved] = {}
        self._touched: dict[str, None] = {}
        self._warm: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._states)

    @property
    def touched(self) -> int:
        """How many people were touched since `take_touched`."""
        return len(self._touched)

    def load(self, states: Iterable[tuple[str, bytes]]) -> None:
        """Take people as they were stored."""
        for person_id, data in states:
            target = moved_target(data)
            self._states[person_id] = data if target is None else Moved(target)

    def touch(self, person_id: str) -> Person | Moved:
        """The person, new if unknown, to be changed by the caller."""
        self._touched[person_id] = None
        state = self._states.get(person_id)
        if state.__class__ is Person or state.__class__ is Moved:
            return state
        person = Person(person_id) if state is None else self._wake(person_id, state)  # type: ignore[arg-type]
        self._states[person_id] = person
        return person

    def move(self, person_id: str, target: str) -> None:
        """Keep nothing of the person but where it has moved to."""
        self._touched[person_id] = None
        self._states[person_id] = Moved(target)

    def take_touched(self, generation: int) -> Iterator[tuple[str, Person | Moved, bytes]]:
        """Everybody touched since the last call, with their bytes; those untouched since then go to rest."""
        touched, self._touched = self._touched, {}
        for person_id in self._warm.keys() - touched.keys():
            person = self._states[person_id]
            if isinstance(person, Person) and person.encoded is not None:
                self._states[person_id] = person.encoded
        self._warm = touched
        for person_id in touched:
            state = self._states[person_id]
            if isinstance(state, Moved):
                yield person_id, state, encode_moved(state)
            else:
                person = state if isinstance(state, Person) else self._wake(person_id, state)
                person.settle_recent(generation)
                person.encoded = encode(person_id, person)
                yield person_id, person, person.encoded

    def rest_touched(self, generation: int) -> None:
        """Bring everybody touched to rest at once; they stay touched."""
        for person_id in self._touched:
            state = self._states[person_id]
            if isinstance(state, Person):
                state.settle_recent(generation)
                self._states[person_id] = encode(person_id, state)

    def _wake(self, person_id: str, data: bytes) -> Person:
        person = decode(person_id, data)
        person.entries = all_entries(person, self._definitions)
        return person
