"""Anonymous visitors: they browse, look at the prices, take part in an experiment; some sign up, now or days later.

Does not create accounts: see `simulate.signups`.
"""

from simulate.envelope import Day, by, page, track
from simulate.market import Channel, landing_context, pick_channel
from simulate.people import Device
from simulate.signups import sign_up
from simulate.world import World

_PATHS = ("/", "/", "/features", "/templates", "/blog/better-standups", "/blog/roadmaps", "/customers", "/integrations")


def receive_visitors(world: World, day: Day, expected: float) -> None:
    """The new visitors of a day, about `expected` of them."""
    count = max(0, round(world.random.gauss(expected, expected**0.5)))
    for _ in range(count):
        _first_visit(world, day)


def _first_visit(world: World, day: Day) -> None:
    random = world.random
    channel = pick_channel(random)
    device = world.population.device(random)
    at_ms = world.working_moment(day)
    will_sign_up = random.random() < channel.conversion
    sees_prices = random.random() < (0.86 if will_sign_up else 0.3)
    at_ms = _browse(world, day, device, channel, at_ms, sees_prices)
    if will_sign_up and random.random() < 0.62:
        _join(world, day, device, channel, at_ms)
    elif will_sign_up or random.random() < 0.2:
        gap = 1 + int(random.expovariate(0.5))
        world.later(day.number + gap, lambda then: _come_back(world, then, device, channel, will_sign_up))


def _come_back(world: World, day: Day, device: Device, channel: Channel, will_sign_up: bool) -> None:
    at_ms = world.working_moment(day)
    at_ms = _browse(world, day, device, channel, at_ms, sees_prices=world.random.random() < 0.45)
    if will_sign_up:
        _join(world, day, device, channel, at_ms)


def _browse(world: World, day: Day, device: Device, channel: Channel, at_ms: int, sees_prices: bool) -> int:
    """A visit of some pages; returns the moment after it."""
    random = world.random
    path = random.choice(_PATHS)
    context = landing_context(device.context, channel, path)
    referrer = channel.referrer
    while True:
        day.add(at_ms, by(page(path, context, referrer), device.anonymous_id))
        at_ms += world.pause()
        if random.random() < 0.55:
            break
        path, referrer = random.choice(_PATHS), ""
    if sees_prices:
        _look_at_prices(world, day, device, channel, at_ms, context)
        at_ms += world.pause()
    return at_ms


def _look_at_prices(
    world: World, day: Day, device: Device, channel: Channel, at_ms: int, context: dict[str, object]
) -> None:
    variant = "yearly_first" if int(device.anonymous_id[-4:], 16) % 2 else "control"
    day.add(at_ms, by(page("/pricing", context), device.anonymous_id))
    seen = track("Pricing Viewed", {"channel": channel.name}, context)
    day.add(at_ms + 300, by(seen, device.anonymous_id))
    exposure = track("Experiment Viewed", {"experiment": "pricing_page", "variant": variant}, context)
    day.add(at_ms + 600, by(exposure, device.anonymous_id))


def _join(world: World, day: Day, device: Device, channel: Channel, at_ms: int) -> None:
    if world.may_sign_up():
        account = world.population.account(world.random, day.number)
        sign_up(world, day, at_ms, device, account, channel.name, channel.quality)
