"""Reads one file of `alerts/`: receivers, routes, groups of rules, and who hears of the data and of our own silence.

Does not hold files against each other: see `schemas.alert_folder`. Does not evaluate or deliver anything.
"""

from dataclasses import dataclass, field

from schemas.alert_ground import AlertGround
from schemas.alert_routes import Route
from schemas.alerts import DeadMansSwitch
from schemas.catalogue import LintException
from schemas.receiver_files import PlacedReceiver, read_receiver
from schemas.rule_files import PlacedRule, read_group
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

SHORTEST_BEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PlacedRoute:
    """A route, and where it and its receivers are written. Its lint has no exceptions."""

    route: Route
    receivers: tuple[Text, ...]
    file: str
    line: int
    exceptions: tuple[LintException, ...] = ()

    @property
    def id(self) -> str:
        return f"route to {', '.join(self.route.receivers) or 'nobody'}"


@dataclass(slots=True)
class AlertFile:
    """What one file declares, or all of them together.

    `switches` and `data_receivers`: each declaration with its place; only one of each is allowed.
    """

    receivers: list[PlacedReceiver] = field(default_factory=list)
    routes: list[PlacedRoute] = field(default_factory=list)
    rules: list[PlacedRule] = field(default_factory=list)
    switches: list[tuple[DeadMansSwitch, Text]] = field(default_factory=list)
    data_receivers: list[tuple[tuple[Text, ...], Text]] = field(default_factory=list)

    def add(self, other: "AlertFile") -> None:
        """What another file declares goes behind what stands here."""
        self.receivers += other.receivers
        self.routes += other.routes
        self.rules += other.rules
        self.switches += other.switches
        self.data_receivers += other.data_receivers


def read_alert_file(section: Section, ground: AlertGround) -> AlertFile:
    """One mapping `{receivers, routes, groups, dead_mans_switch, data_receivers}`."""
    result = AlertFile()
    for item in section.sections("receivers"):
        result.receivers.append(read_receiver(item, ground.timezone, ground.environment))
    result.routes += [_read_route(item) for item in section.sections("routes")]
    for group in section.sections("groups"):
        result.rules += read_group(group, ground)
    switch = section.section("dead_mans_switch")
    if switch is not None:
        result.switches.append(_read_switch(switch))
    if "data_receivers" in section:
        place = Text("data_receivers", section.file, section.line_of("data_receivers"))
        result.data_receivers.append((tuple(section.texts("data_receivers")), place))
    section.close()
    return result


def _read_route(section: Section) -> PlacedRoute:
    match, receivers = section.text_map("match"), tuple(section.texts("receivers"))
    if "receivers" not in section:
        section.report(section.line, '"receivers" is missing; add it ([]: nobody hears)')
    goes_on = section.flag("continue")
    section.close()
    names = tuple(dict.fromkeys(receiver.value for receiver in receivers))
    return PlacedRoute(Route(names, match, goes_on), receivers, section.file, section.line)


def _read_switch(section: Section) -> tuple[DeadMansSwitch, Text]:
    receiver, every = section.placed("receiver"), section.duration("every", 60.0)
    section.close()
    if every < SHORTEST_BEAT_SECONDS:
        section.report(section.line_of("every"), f'"every" must be {SHORTEST_BEAT_SECONDS:g}s or longer')
    return DeadMansSwitch(receiver.value, every), receiver
