"""Money: trials, subscriptions and what becomes of them month by month.

Does not model invoices: a subscription has a plan and is worth an amount a month.
"""

from functools import partial
from typing import Any

from simulate.envelope import Day, identify, track
from simulate.people import Account, Person
from simulate.world import SERVER_CONTEXT, World

PRICES = {"starter": 19.0, "team": 32.0, "business": 49.0}
"""Monthly price per seat in the workspace currency."""

_PLANS = tuple(PRICES)
_TRIAL_DAYS = 14
_RETURNING_SHARE = 0.15
_SIZE_APPETITE = {"1-10": 0.17, "11-50": 0.27, "51-200": 0.36, "201-1000": 0.42}


def start_trial(world: World, day: Day, at_ms: int, owner: Person) -> None:
    """A free trial of a paid plan; some buy within days, others when it ends, most never."""
    account, random = owner.account, world.random
    account.plan = "trial"
    account.trial_ends_day = day.number + _TRIAL_DAYS
    plan = random.choices(_PLANS, (4, 5, 2))[0]
    world.from_server(day, at_ms, owner, track("Trial Started", {"plan": plan}, SERVER_CONTEXT))
    if random.random() < _SIZE_APPETITE[account.size]:
        wait = random.randint(0, 6) if random.random() < 0.45 else _TRIAL_DAYS
        world.later(day.number + 1 + wait, partial(_subscribe, world, owner, plan))
    else:
        world.later(account.trial_ends_day, lambda _day: _end_trial(account))


def _end_trial(account: Account) -> None:
    account.plan, account.trial_ends_day = "free", None


def _subscribe(world: World, owner: Person, plan: str, day: Day) -> None:
    account = owner.account
    account.plan, account.trial_ends_day = plan, None
    account.yearly = world.random.random() < 0.18
    account.mrr = _worth(account)
    at_ms = world.working_moment(day, owner.utc_offset_hours)
    _tell(world, day, at_ms, owner, "Subscription Started")
    world.from_server(day, at_ms + 2_000, owner, identify(owner.traits, SERVER_CONTEXT))
    for member in account.members:
        member.leaves_day += 75
    world.later(day.number + 30, partial(_month_over, world, owner))


def _month_over(world: World, owner: Person, day: Day) -> None:
    """A paid month ends: canceled, changed, or simply renewed (a yearly plan is paid ahead and only changes)."""
    account, random = owner.account, world.random
    at_ms = world.working_moment(day, owner.utc_offset_hours)
    quiet = all(member.leaves_day < day.number for member in account.members)
    draw = random.random()
    if not account.yearly and draw < (0.3 if quiet else 0.03):
        _cancel(world, day, at_ms, owner)
        return
    if draw > 0.93:
        _change(world, day, at_ms, owner, step=1)
    elif draw > 0.905:
        _change(world, day, at_ms, owner, step=-1)
    elif not account.yearly:
        _tell(world, day, at_ms, owner, "Subscription Renewed")
    world.later(day.number + 30, partial(_month_over, world, owner))


def _cancel(world: World, day: Day, at_ms: int, owner: Person) -> None:
    account = owner.account
    _tell(world, day, at_ms, owner, "Subscription Canceled")
    plan, account.plan, account.mrr = account.plan, "free", 0.0
    for member in account.members:
        member.leaves_day = min(member.leaves_day, day.number + world.random.randint(0, 10))
    if world.random.random() < _RETURNING_SHARE:
        world.later(day.number + world.random.randint(20, 50), partial(_come_back, world, owner, plan))


def _come_back(world: World, owner: Person, plan: str, day: Day) -> None:
    """An account that had left pays again, and its owner is there again."""
    owner.leaves_day = max(owner.leaves_day, day.number)
    _subscribe(world, owner, plan, day)


def _change(world: World, day: Day, at_ms: int, owner: Person, step: int) -> None:
    """Up or down a plan; at the top an add-on makes the subscription worth more, at the bottom fewer seats less."""
    account = owner.account
    position = _PLANS.index(account.plan) + step
    has_neighbour = 0 <= position < len(_PLANS)
    if has_neighbour:
        account.plan = _PLANS[position]
    grown = _worth(account) if has_neighbour else account.mrr * (1.15 if step > 0 else 0.85)
    account.mrr = round(max(grown, account.mrr * 1.05) if step > 0 else min(grown, account.mrr * 0.95), 2)
    if step > 0:
        cause = "upgrade" if has_neighbour else world.random.choice(("add_on", "cross_sell", "usage"))
        _tell(world, day, at_ms, owner, "Subscription Upgraded", {"cause": cause})
    else:
        _tell(world, day, at_ms, owner, "Subscription Downgraded")


def _worth(account: Account) -> float:
    return round(PRICES[account.plan] * max(2, len(account.members)), 2)


def _tell(world: World, day: Day, at_ms: int, owner: Person, event: str, extra: dict[str, Any] | None = None) -> None:
    """A subscription event with what it is worth, and the payment that follows a start or a renewal."""
    account = owner.account
    amount = round(account.mrr * 12, 2) if account.yearly else account.mrr
    worth: dict[str, Any] = {"amount": amount, "interval": "year"} if account.yearly else {"mrr": account.mrr}
    properties = {"plan": account.plan, **worth, **(extra or {}), "account_id": account.id}
    world.from_server(day, at_ms, owner, track(event, properties, SERVER_CONTEXT))
    if event in ("Subscription Started", "Subscription Renewed"):
        payment = track("Payment Received", {"amount": amount, "account_id": account.id}, SERVER_CONTEXT)
        world.from_server(day, at_ms + 1_000, owner, payment)
