"""Signup and activation of a person: what its state contributes to the day counters.

Does not know about partitions or copies: times in the state are the earliest of each message.
"""

from typing import NamedTuple

from stream.core.definitions import Compiled
from stream.core.person import Person


class Activation(NamedTuple):
    """Days on which a person counts; None where it does not (or not any more, when frozen)."""

    signup_day: int | None
    activated_day: int | None
    """The signup day of an activated person."""
    third_action_day: int | None


NOTHING = Activation(None, None, None)

ACTIVATION_COUNTERS = ("signups", "activated", "activations")
"""The counters that the three days of an `Activation` go to, in its order."""


def third_action_ms(person: Person, definitions: Compiled) -> int | None:
    """When the person's third core action in [signup, signup + window) happened; None before."""
    signup = person.signed_up_ms
    if signup is None or len(person.actions) < definitions.actions_needed:
        return None
    end = signup + definitions.activation_window_ms
    times = sorted(at for at in person.actions.values() if signup <= at < end)
    if len(times) < definitions.actions_needed:
        return None
    return times[definitions.actions_needed - 1]


def activation(person: Person, definitions: Compiled) -> Activation:
    """What the person contributes to `signups`, `activated` and `activations`, by its `activated_ms`.

    A signup on a frozen day contributes nothing that could still change.
    """
    if person.signed_up_ms is None:
        return NOTHING
    day_of = definitions.calendar.day_of
    signup_day = day_of(person.signed_up_ms)
    if signup_day < person.frozen_day:
        return NOTHING
    if person.activated_ms is None:
        return Activation(signup_day, None, None)
    return Activation(signup_day, signup_day, day_of(person.activated_ms))


def recount_activation(person: Person, definitions: Compiled) -> Activation:
    """The same after a change of signup or actions, with `activated_ms` brought up to date; frozen ones keep theirs."""
    signup = person.signed_up_ms
    if signup is not None and definitions.calendar.day_of(signup) >= person.frozen_day:
        person.activated_ms = third_action_ms(person, definitions)
    return activation(person, definitions)
