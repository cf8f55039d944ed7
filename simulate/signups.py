"""Somebody signs up: page, identify, `Account Created`, group; then the trial, sales and their first session.

Does not decide who does: see `simulate.visits` and `simulate.habits` (invitations).
"""

from simulate.billing import start_trial
from simulate.envelope import MINUTE_MS, Day, by, group, identify, page, track
from simulate.habits import first_session
from simulate.people import Account, Device, Person
from simulate.sales import maybe_become_lead
from simulate.support import plan_surveys
from simulate.world import World

_INVITATION = {"source": "teammate", "medium": "invitation", "name": "invitation"}


def sign_up(
    world: World, day: Day, at_ms: int, device: Device, account: Account, channel: str, quality: float
) -> Person:
    """A person is born, on a device whose past was anonymous."""
    random = world.random
    person = world.population.person(random, account, device, channel, quality, day.number)
    method = "invitation" if channel == "invitation" else random.choice(("email", "email", "google"))
    _introduce(day, at_ms, device, person, channel, method)
    at_ms += 2 * MINUTE_MS
    if person.role == "owner":
        if random.random() < 0.6:
            start_trial(world, day, at_ms, person)
        maybe_become_lead(world, day, at_ms + MINUTE_MS, person)
    plan_surveys(world, person)
    first_session(
        world, day, at_ms, person, lambda then, invitation: accept_invitation(world, then, person, invitation)
    )
    return person


def accept_invitation(world: World, day: Day, inviter: Person, invitation_id: str) -> None:
    """An invited teammate comes with a new device and joins the inviter's account."""
    if len(inviter.account.members) >= inviter.account.seats or not world.may_sign_up():
        return
    device = world.population.device(world.random)
    at_ms = world.working_moment(day, inviter.utc_offset_hours)
    day.add(at_ms, by(page("/invitation", {**device.context, "campaign": _INVITATION}), device.anonymous_id))
    person = sign_up(world, day, at_ms + world.pause(), device, inviter.account, "invitation", 1.15)
    accepted = track("Invitation Accepted", {"invitation_id": invitation_id}, device.context)
    day.add(at_ms + 3 * MINUTE_MS, by(accepted, device.anonymous_id, person.user_id))


def _introduce(day: Day, at_ms: int, device: Device, person: Person, channel: str, method: str) -> None:
    anonymous_id, user_id, context = device.anonymous_id, person.user_id, device.context
    day.add(at_ms, by(page("/signup", context), anonymous_id))
    at_ms += 40_000
    day.add(at_ms, by(identify(person.traits, context), anonymous_id, user_id))
    created = track("Account Created", {"channel": channel, "method": method}, context)
    day.add(at_ms + 400, by(created, anonymous_id, user_id))
    day.add(at_ms + 800, by(group(person.account.id, person.account.traits, context), anonymous_id, user_id))
