"""What people do in the product: sessions on several devices with projects, tasks, invitations, reports and features.

Does not handle money or support beyond opening a ticket: see `simulate.billing` and `simulate.support`.
"""

from collections.abc import Callable
from functools import partial

from simulate.envelope import Day, Message, by, identify, page, screen, track
from simulate.people import Device, Person
from simulate.support import maybe_open_ticket
from simulate.world import World

FEATURES = ("timeline", "board", "comments", "search", "calendar", "automation", "time_tracking", "export")
_FEATURE_WEIGHTS = (26, 24, 18, 12, 8, 5, 4, 3)
_APP_PATHS = ("/app/home", "/app/projects", "/app/tasks", "/app/inbox", "/app/reports")
_SCREENS = ("Home", "Projects", "Tasks", "Inbox")
_WEEKEND_SHARE = 0.2

Invite = Callable[[Day, str], None]
"""What happens on the day when somebody follows up an invitation (its id)."""


class _Session:
    """One visit to the product: a moving clock, a device, a person."""

    def __init__(self, world: World, day: Day, at_ms: int, person: Person, device: Device) -> None:
        self.world, self.day, self.at_ms, self.person, self.device = world, day, at_ms, person, device

    def say(self, message: Message) -> None:
        self.day.add(self.at_ms, by(message, self.device.anonymous_id, self.person.user_id))
        self.at_ms += self.world.pause()

    def track(self, event: str, **properties: object) -> None:
        self.say(track(event, properties, self.device.context))

    def look(self) -> None:
        """Open a page of the web app or a screen of the phone app."""
        if self.device.is_phone:
            self.say(screen(self.world.random.choice(_SCREENS), self.device.context))
        else:
            self.say(page(self.world.random.choice(_APP_PATHS), self.device.context))


def live_the_day(world: World, day: Day, people: list[Person], invite: Callable[[Person], Invite]) -> None:
    """Those who feel like it have a session; the working days are Monday to Friday."""
    mood = _WEEKEND_SHARE if day.weekday >= 5 else 1.0
    random = world.random.random
    for person in people:
        if random() < person.daily * mood and person.signup_day < day.number <= person.leaves_day:
            session(world, day, world.working_moment(day, person.utc_offset_hours), person, invite(person))


def first_session(world: World, day: Day, at_ms: int, person: Person, invite: Invite) -> None:
    """Right after signup: the onboarding experiment, perhaps a project and the set-up."""
    guided = person.variant == "guided"
    visit = _Session(world, day, at_ms, person, person.devices[0])
    visit.track("Experiment Viewed", experiment="onboarding", variant=person.variant)
    if world.random.random() < (0.7 if guided else 0.56):
        visit.track("Project Created", project_id=world.number("project"), template=_template(world))
    _finish_setup(visit, 0.55 if guided else 0.4)
    _work(visit, invite)


def session(world: World, day: Day, at_ms: int, person: Person, invite: Invite) -> None:
    """An ordinary session, now and then on a device that the person has not used before."""
    visit = _Session(world, day, at_ms, person, _pick_device(world, person))
    if visit.device.known_user != person.user_id:
        _log_in(visit)
    visit.look()
    _finish_setup(visit, 0.1)
    _work(visit, invite)
    maybe_open_ticket(world, day, visit.at_ms, person, visit.device)


def _pick_device(world: World, person: Person) -> Device:
    random = world.random
    if len(person.devices) < 3 and random.random() < 0.03:
        device = world.population.device(random, phone_share=0.6)
        person.devices.append(device)
        return device
    return person.devices[0] if random.random() < 0.7 else random.choice(person.devices)


def _log_in(visit: _Session) -> None:
    """The device is anonymous until the person has logged in on it."""
    device, person = visit.device, visit.person
    visit.day.add(visit.at_ms, by(page("/login", device.context), device.anonymous_id))
    visit.at_ms += 15_000
    device.known_user = person.user_id
    visit.say(identify(person.traits, device.context))


def _finish_setup(visit: _Session, chance: float) -> None:
    if not visit.person.is_set_up and visit.world.random.random() < chance:
        visit.person.is_set_up = True
        visit.track("Setup Completed")


def _work(visit: _Session, invite: Invite) -> None:
    world, person = visit.world, visit.person
    random = world.random
    person.sessions += 1
    diligence = 0.45 + 0.35 * person.daily
    while random.random() < diligence:
        visit.track("Task Completed", task_id=world.number("task"))
        person.tasks += 1
    if random.random() < 0.55:
        visit.track("Feature Used", feature=random.choices(FEATURES, _FEATURE_WEIGHTS)[0])
    if random.random() < 0.06:
        visit.track("Project Created", project_id=world.number("project"), template=_template(world))
    if random.random() < 0.07:
        visit.track("Report Shared", report_id=world.number("report"))
    _maybe_invite(visit, invite)


def _maybe_invite(visit: _Session, invite: Invite) -> None:
    """Invite while the account has free seats; about six in ten invitations are followed up within days."""
    world, account = visit.world, visit.person.account
    eager = 0.22 if visit.person.sessions <= 2 else 0.015
    if account.invited >= account.seats - 1 or world.random.random() >= eager:
        return
    account.invited += 1
    invitation_id = world.number("invitation")
    visit.track("Teammate Invited", invitation_id=invitation_id)
    if world.random.random() < 0.6:
        then = visit.day.number + 1 + int(world.random.expovariate(0.7))
        world.later(then, partial(_follow_up, invite, invitation_id))


def _follow_up(invite: Invite, invitation_id: str, day: Day) -> None:
    invite(day, invitation_id)


def _template(world: World) -> str:
    return world.random.choice(("blank", "kanban", "sprint", "launch", "event"))
