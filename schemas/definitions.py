"""The workspace as data: plan, funnels, streaming definitions, alert rules and receivers.

Does not read files: see `schemas.workspace`, which builds these from YAML and reports every error with file and line.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from schemas.alerts import AlertDefinitions
from schemas.catalogue import Label, MetricDefinition

Language = Literal["en", "fr"]
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class PlannedProperty:
    """One property of a planned event. `type` is string, number, integer, boolean, object, array, datetime or any.

    `enum`, `minimum`, `maximum` bound its values (both ends included).
    `personal_data` is none, indirect, direct or sensitive.
    """

    name: str
    type: str = "any"
    required: bool = False
    enum: tuple[str | int | float, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""
    personal_data: str = "none"


@dataclass(frozen=True, slots=True)
class ConditionalRange:
    """Bounds of one property that depend on another's value: `survey.kind` nps → score 0–10."""

    property: str
    depends_on: str
    ranges: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One entry of the tracking plan. `require_one_of`: at least one of these groups of properties must be whole."""

    object: str
    verb: str
    description: str
    owner: str
    version: str
    properties: tuple[PlannedProperty, ...] = ()
    require_one_of: tuple[tuple[str, ...], ...] = ()
    conditional_ranges: tuple[ConditionalRange, ...] = ()
    additional_properties: bool = True
    status: str = "active"
    personal_data: str = "none"

    @property
    def name(self) -> str:
        return f"{self.object} {self.verb}"


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    """All planned events. `version` changes with any entry (a short hash of the whole)."""

    mode: Literal["open", "strict"]
    events: tuple[PlannedEvent, ...]
    version: str


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """An event by its plan name ("Pricing Viewed") and its label."""

    event: str
    label: Label


@dataclass(frozen=True, slots=True)
class FunnelDefinition:
    id: str
    label: Label
    window_seconds: int
    steps: tuple[FunnelStep, ...]


@dataclass(frozen=True, slots=True)
class StreamDefinitions:
    """Everything that shapes the stream's state; `digest` changes when the numbers would.

    `active_types` are the message types that make a person active; `active_events` narrows
    the track calls that do (empty: all). `junk_ids` extends the closed list (lower case).
    """

    timezone: str
    active_types: frozenset[str]
    active_events: frozenset[str]
    signup_event: str
    core_actions: frozenset[str]
    core_actions_needed: int = 3
    activation_window_seconds: int = 7 * DAY_SECONDS
    funnels: tuple[FunnelDefinition, ...] = ()
    junk_ids: frozenset[str] = frozenset()
    horizon_days: int = 45
    retry_window_hours: int = 72
    ids_per_person_warning: int = 100

    @property
    def digest(self) -> str:
        plain = asdict(self)
        for name in ("active_types", "active_events", "core_actions", "junk_ids"):
            plain[name] = sorted(plain[name])
        for funnel in plain["funnels"]:
            del funnel["label"]
            funnel["steps"] = [step["event"] for step in funnel["steps"]]
        return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A whole workspace folder, checked. `aha_event` and `first_value_event` are planned events, or empty.

    `log_retention_seconds`: how long the log keeps what has been counted and loaded.
    """

    name: str
    currency: str
    language: Language
    plan: TrackingPlan
    stream: StreamDefinitions
    metrics: tuple[MetricDefinition, ...]
    alerts: AlertDefinitions = field(default_factory=AlertDefinitions)
    aha_event: str = ""
    first_value_event: str = ""
    person_traits: tuple[PlannedProperty, ...] = ()
    group_traits: tuple[PlannedProperty, ...] = ()
    log_retention_seconds: float = 7.0 * DAY_SECONDS
