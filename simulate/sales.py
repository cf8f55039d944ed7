"""The sales pipeline of larger accounts: lead, opportunity, won or lost.

Does not create subscriptions: buyers are decided in `simulate.billing`.
"""

from functools import partial

from simulate.envelope import Day, track
from simulate.people import Person
from simulate.world import SERVER_CONTEXT, World


def maybe_become_lead(world: World, day: Day, at_ms: int, owner: Person) -> None:
    """Owners of accounts with more than fifty employees often ask for a call."""
    random = world.random
    if owner.account.size not in ("51-200", "201-1000") or random.random() >= 0.55:
        return
    world.from_server(day, at_ms, owner, track("Lead Created", {"channel": owner.channel}, SERVER_CONTEXT))
    if random.random() < 0.5:
        world.later(day.number + random.randint(2, 9), partial(_open, world, owner))


def _open(world: World, owner: Person, day: Day) -> None:
    opportunity_id = world.number("opportunity")
    opened = track("Opportunity Opened", {"opportunity_id": opportunity_id}, SERVER_CONTEXT)
    world.from_server(day, world.working_moment(day), owner, opened)
    world.later(day.number + world.random.randint(12, 45), partial(_close, world, owner, opportunity_id))


def _close(world: World, owner: Person, opportunity_id: str, day: Day) -> None:
    outcome = "won" if owner.account.mrr > 0 or world.random.random() < 0.15 else "lost"
    closed = track("Opportunity Closed", {"opportunity_id": opportunity_id, "outcome": outcome}, SERVER_CONTEXT)
    world.from_server(day, world.working_moment(day), owner, closed)
