"""What people ask and say: tickets and their resolution, NPS, CSAT and CES surveys.

Does not change how long they stay.
"""

from functools import partial

from simulate.envelope import HOUR_MS, Day, by, track
from simulate.people import Device, Person
from simulate.world import SERVER_CONTEXT, World

_NPS_DAYS = (30, 120, 210)
_NPS_WEIGHTS = (2, 1, 2, 2, 3, 5, 6, 12, 20, 24, 23)
_CSAT_WEIGHTS = (4, 6, 13, 37, 40)


def maybe_open_ticket(world: World, day: Day, at_ms: int, person: Person, device: Device) -> None:
    """About one session in 120 ends with a question."""
    if world.random.random() >= 0.008:
        return
    ticket_id = world.number("ticket")
    topic = world.random.choice(("billing", "import", "permissions", "notifications", "bug"))
    opened = track("Ticket Opened", {"ticket_id": ticket_id, "topic": topic}, device.context)
    day.add(at_ms, by(opened, device.anonymous_id, person.user_id))
    hours = world.random.expovariate(1 / 20)
    then = day.number + int((at_ms - day.start_ms + hours * HOUR_MS) // (24 * HOUR_MS))
    if then == day.number:
        _resolve(world, person, ticket_id, at_ms + int(hours * HOUR_MS), day)
    else:
        world.later(then, partial(_resolve, world, person, ticket_id, 0))


def plan_surveys(world: World, person: Person) -> None:
    """NPS is asked about a month after signup and every three months; CES once, early."""
    for days in _NPS_DAYS:
        if world.random.random() < 0.3:
            asked = days + world.random.randint(-7, 14)
            world.later(person.signup_day + asked, partial(_answer_nps, world, person))
    if world.random.random() < 0.12:
        world.later(person.signup_day + 3, partial(_answer_ces, world, person))


def _resolve(world: World, person: Person, ticket_id: str, at_ms: int, day: Day) -> None:
    at_ms = at_ms or world.working_moment(day)
    resolved = track("Ticket Resolved", {"ticket_id": ticket_id}, SERVER_CONTEXT)
    world.from_server(day, at_ms, person, resolved)
    if world.random.random() < 0.4:
        score = world.random.choices((1, 2, 3, 4, 5), _CSAT_WEIGHTS)[0]
        _answer(world, day, at_ms + HOUR_MS // 2, person, "csat", score, "support", "email")


def _answer_nps(world: World, person: Person, day: Day) -> None:
    if person.leaves_day >= day.number:
        score = world.random.choices(range(11), _NPS_WEIGHTS)[0]
        _answer(world, day, world.working_moment(day), person, "nps", score, "product", "in_app")


def _answer_ces(world: World, person: Person, day: Day) -> None:
    if person.leaves_day >= day.number:
        score = min(10, max(1, round(world.random.gauss(7.2, 1.8))))
        _answer(world, day, world.working_moment(day), person, "ces", score, "onboarding", "in_app")


def _answer(
    world: World, day: Day, at_ms: int, person: Person, kind: str, score: int, touchpoint: str, channel: str
) -> None:
    properties = {"kind": kind, "score": score, "touchpoint": touchpoint, "channel": channel}
    world.from_server(day, at_ms, person, track("Survey Answered", properties, SERVER_CONTEXT))
