"""Reads `workspace.yaml`: what the workspace is, and what shapes the stream's state.

Does not read the other files; the names of planned events and the funnels are handed in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from schemas.definitions import DAY_SECONDS, FunnelDefinition, StreamDefinitions
from schemas.references import check_planned
from schemas.yaml_lines import Text, did_you_mean
from schemas.yaml_sections import Section

_ACTIVE_TYPES = ("track", "page", "screen")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class PlacedFunnel:
    """A funnel, where its window is written, and its steps' events with their lines."""

    definition: FunnelDefinition
    window: Text
    events: Sequence[Text]


def read_currency(main: Section) -> str:
    currency = main.text("currency", "EUR")
    if _CURRENCY.fullmatch(currency) is None:
        main.report(main.line_of("currency"), f'"currency" must be a three-letter code like EUR, not "{currency}"')
    return currency


def _read_timezone(main: Section) -> str:
    name = main.text("timezone", "UTC")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        main.report(main.line_of("timezone"), f'"{name}" is no time zone; write one like UTC or Europe/Paris')
    return name


def planned_event(main: Section, key: str, names: Sequence[str], required: bool = False) -> str:
    event = main.placed(key, required)
    check_planned(event, names, main.findings)
    return event.value


def _planned_set(section: Section, key: str, names: Sequence[str]) -> frozenset[str]:
    events = section.texts(key)
    for event in events:
        check_planned(event, names, section.findings)
    return frozenset(event.value for event in events)


def read_stream(main: Section, names: Sequence[str], funnels: Sequence[PlacedFunnel]) -> StreamDefinitions:
    identity, lateness, activation = main.section("identity"), main.section("lateness"), main.section("activation")
    stream = StreamDefinitions(
        timezone=_read_timezone(main),
        active_types=_read_active_types(main),
        active_events=_planned_set(main, "active_events", names),
        signup_event=planned_event(main, "signup", names, required=True),
        core_actions=_planned_set(main, "core_actions", names),
        core_actions_needed=activation.whole("core_actions_needed", 3) if activation else 3,
        activation_window_seconds=_seconds(activation, "window", 7 * DAY_SECONDS),
        funnels=tuple(funnel.definition for funnel in funnels),
        junk_ids=_read_junk_ids(identity),
        horizon_days=_seconds(lateness, "horizon", 45 * DAY_SECONDS) // DAY_SECONDS,
        retry_window_hours=_seconds(lateness, "retry_window", 72 * 3600) // 3600,
        ids_per_person_warning=identity.whole("ids_per_person_warning", 100) if identity else 100,
    )
    if not stream.core_actions and "core_actions" in main:
        main.report(main.line_of("core_actions"), '"core_actions" is empty; name at least one planned event')
    _check_horizon(main, activation, stream, funnels)
    for funnel in funnels:
        for event in funnel.events:
            check_planned(event, names, main.findings)
    for section in (identity, lateness, activation):
        if section is not None:
            section.close()
    return stream


def _read_junk_ids(identity: Section | None) -> frozenset[str]:
    """The workspace's own, besides the closed list of `schemas.identity`."""
    return (
        frozenset()
        if identity is None
        else frozenset(text.value.strip().lower() for text in identity.texts("junk_ids"))
    )


def _seconds(section: Section | None, key: str, default: int) -> int:
    return default if section is None else int(section.duration(key, float(default)))


def _read_active_types(main: Section) -> frozenset[str]:
    types = main.texts("active_types")
    for name in types:
        if name.value not in _ACTIVE_TYPES:
            hint = did_you_mean(name.value, _ACTIVE_TYPES) or f"; it can be {', '.join(_ACTIVE_TYPES)}"
            main.report(name.line, f'"{name.value}" makes nobody active{hint}')
    return frozenset(name.value for name in types) or frozenset(_ACTIVE_TYPES)


def _check_horizon(
    main: Section, activation: Section | None, stream: StreamDefinitions, funnels: Sequence[PlacedFunnel]
) -> None:
    """What is older than the horizon is pruned, so that no window may reach behind it."""
    horizon = stream.horizon_days * DAY_SECONDS
    if horizon < DAY_SECONDS:
        main.report(main.line_of("lateness"), '"horizon" must be 1d or more')
    advice = f'is longer than the horizon of {stream.horizon_days}d; shorten it or raise "lateness: horizon"'
    if activation is not None and stream.activation_window_seconds > horizon:
        activation.report(activation.line_of("window"), f"the activation window {advice}")
    for funnel in funnels:
        if funnel.definition.window_seconds > horizon:
            main.findings.add(funnel.window.file, funnel.window.line, f"the funnel's window {advice}")
