"""The workspace's definitions, compiled for the stream: what each event name means to a person.

Does not validate them: see `schemas.workspace`.
"""

from dataclasses import dataclass

from schemas.calendar import DAY_MS, HOUR_MS, Calendar
from schemas.definitions import StreamDefinitions
from schemas.reading import funnel_counter


@dataclass(frozen=True, slots=True)
class CompiledFunnel:
    """`steps[i]` names the event that serves step i + 1; `counters[i]` counts entries that reached it."""

    id: str
    window_ms: int
    steps: tuple[str, ...]
    counters: tuple[str, ...]


class Compiled:
    """Look-ups by event name, and the calendar; immutable after construction but for the calendar's memory."""

    def __init__(self, definitions: StreamDefinitions) -> None:
        self.digest = definitions.digest
        self.calendar = Calendar(definitions.timezone)
        self.active_types = definitions.active_types
        self.active_events = definitions.active_events
        self.signup_event = definitions.signup_event
        self.core_actions = definitions.core_actions
        self.actions_needed = definitions.core_actions_needed
        self.activation_window_ms = definitions.activation_window_seconds * 1000
        self.retry_window_ms = definitions.retry_window_hours * HOUR_MS
        self.horizon_ms = definitions.horizon_days * DAY_MS
        self.ids_per_person_warning = definitions.ids_per_person_warning
        self.step_events = frozenset(step.event for funnel in definitions.funnels for step in funnel.steps)
        self.funnels = tuple(
            CompiledFunnel(
                funnel.id,
                funnel.window_seconds * 1000,
                tuple(step.event for step in funnel.steps),
                tuple(funnel_counter(funnel.id, number + 1) for number in range(len(funnel.steps))),
            )
            for funnel in definitions.funnels
        )
        self.milestones = self.step_events | self.core_actions | {self.signup_event}
        longest = max([self.activation_window_ms, *(funnel.window_ms for funnel in self.funnels)])
        self.kept_ms = self.horizon_ms + longest
        """Lists reach back this far behind the watermark: every event within the horizon finds its whole window."""

    def freeze_day(self, watermark_ms: int) -> int:
        """Numbers of days before this one are frozen when the watermark stands there."""
        return self.calendar.day_of(watermark_ms - self.kept_ms) - 1
