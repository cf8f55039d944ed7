"""Names that are not in the plan: which part is unknown, and what was probably meant.

Does not judge planned events: see `ingest.plan_checks`.
"""

import re
from collections.abc import Iterable, Iterator

from schemas.definitions import PlannedEvent
from schemas.violations import Rule

_REMEMBERED = 4096
_LONGEST_SHOWN = 80
_SEPARATORS = re.compile(r"[\s_\-.:/]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDING = re.compile(r"(?:ing|ed|es|e|s|d)$")


class PlanNames:
    """Explains unplanned names; remembers the latest, since a misspelt call is sent again and again."""

    def __init__(self, events: Iterable[PlannedEvent]) -> None:
        planned = tuple(events)
        self._objects = frozenset(event.object for event in planned)
        self._verbs = frozenset(event.verb for event in planned)
        stems = {_stem(event.name): event.name for event in planned}
        self._longest = max(map(len, stems), default=0)
        # A name that lacks one letter of a planned one, or shares all but one with it, has one of these in common.
        # One look-up a letter: whoever sends thousands of invented names must not keep others waiting.
        self._near = {shorter: name for stem, name in stems.items() for shorter in _without_one(stem)} | stems
        self._explained: dict[str, tuple[Rule, str]] = {}

    def explain(self, name: str) -> tuple[Rule, str]:
        """The broken rule and a sentence; the sentence asks "did you mean" where something is near."""
        if len(name) > _LONGEST_SHOWN:
            return self._explain(name)
        known = self._explained.get(name)
        if known is None:
            if len(self._explained) >= _REMEMBERED:
                self._explained.clear()
            known = self._explained[name] = self._explain(name)
        return known

    def _explain(self, name: str) -> tuple[Rule, str]:
        rule, text = self._classify(name)
        meant = self._meant(name)
        return rule, f'{text}; did you mean "{meant}"?' if meant else text

    def _classify(self, name: str) -> tuple[Rule, str]:
        subject, _, verb = name.rpartition(" ")
        if subject in self._objects and verb not in self._verbs:
            return Rule.UNKNOWN_VERB, f'no planned event has the verb "{shortened(verb)}"'
        if verb in self._verbs and subject not in self._objects:
            return Rule.UNKNOWN_OBJECT, f'no planned event has the object "{shortened(subject)}"'
        return Rule.UNPLANNED_EVENT, f'"{shortened(name)}" is not in the plan'

    def _meant(self, name: str) -> str | None:
        """The planned name that differs only in case, separators, tense, or one letter (wrong, left out, swapped)."""
        if len(name) > 2 * self._longest:
            return None
        stem = _stem(name)
        if stem in self._near:
            return self._near[stem]
        return next((self._near[shorter] for shorter in _without_one(stem) if shorter in self._near), None)


def _stem(name: str) -> str:
    """A name without case, separators and the tense of its last word."""
    words = _SEPARATORS.split(_CAMEL.sub(" ", name).strip().lower())
    return " ".join([*words[:-1], _ENDING.sub("", words[-1])])


def _without_one(text: str) -> Iterator[str]:
    """The text without each of its characters in turn."""
    return (text[:place] + text[place + 1 :] for place in range(len(text)))


def shortened(text: str) -> str:
    """What a sender named, as far as it is told and remembered."""
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
