"""Live traffic with people of the same world: current times, a few events a second, first a surge of signups.

Does not wait or send: the caller asks for what happens next and when it happens.
"""

from collections.abc import Callable, Iterator
from random import Random

from simulate.company import Company
from simulate.envelope import HOUR_MS, Message, by, group, identify, iso, page, screen, track
from simulate.flaws import broken_message
from simulate.habits import FEATURES
from simulate.market import Channel, landing_context, pick_channel
from simulate.people import Device, Person, Population

SURGE_SECONDS = 90.0
"""How long the campaign lasts that brings a signup every few seconds: an alert on the day's signups fires in it."""

_SIGNUPS_PER_SECOND_IN_SURGE = 0.4
_SIGNUPS_PER_SECOND = 0.003
_BROKEN_SHARE = 0.01
_VISIT_SHARE = 0.1
_NEW_VISITOR_SHARE = 0.15
_OFFLINE_SHARE = 0.005
_OFFLINE_MS = 26 * HOUR_MS
_RETRY_SHARE = 0.005


class LiveTraffic:
    """What happens from `started_ms` on. New people have ids of their own start, so that they never meet older ones."""

    def __init__(self, company: Company, started_ms: int, rate: float) -> None:
        """`rate`: messages a second, on average."""
        self._started_ms = started_ms
        self._rate = rate
        tag = f"{company.world.tag}-{started_ms // 1000:x}"
        self._random = Random(f"live/{tag}")
        self._newcomers = Population(tag)
        self._regulars = self._who_comes_today(company.people_before(started_ms))
        self._visitors: list[tuple[Device, Channel]] = []
        self._prefix = f"live-{tag}"
        self._sent = 0

    def pause_seconds(self) -> float:
        """How long until the next thing happens."""
        return self._random.expovariate(self._rate / 2.0)

    def next(self, now_ms: int) -> list[Message]:
        """The messages of the next thing that happens, at `now_ms`; about two.

        Now and then they happened on a phone that was offline since yesterday, or the last one comes twice, as from a
        client that heard no answer.
        """
        messages = list(self._happening((now_ms - self._started_ms) / 1000))
        happened_ms = now_ms - (_OFFLINE_MS if self._random.random() < _OFFLINE_SHARE else 0)
        for index, message in enumerate(messages):
            self._sent += 1
            message["messageId"] = f"{self._prefix}-{self._sent:06d}"
            message["timestamp"] = iso(happened_ms + index)
        if self._random.random() < _RETRY_SHARE:
            messages.append(messages[-1])
        return messages

    def _happening(self, seconds: float) -> Iterator[Message]:
        signups = _SIGNUPS_PER_SECOND_IN_SURGE if seconds < SURGE_SECONDS else _SIGNUPS_PER_SECOND
        draw = self._random.random() * self._rate / 2.0
        if draw < signups or not self._regulars:
            return self._sign_up()
        if self._random.random() < _VISIT_SHARE:
            return self._visit()
        if self._random.random() < _BROKEN_SHARE:
            return iter((broken_message(self._random, self._random.choice(self._regulars)),))
        return self._work(self._random.choice(self._regulars))

    def _who_comes_today(self, people: list[Person]) -> list[Person]:
        """A cast as large as a working day's, so that a long demo does not make everybody active."""
        return [person for person in people if self._random.random() < person.daily]

    def _visit(self) -> Iterator[Message]:
        """Mostly somebody who looked around before: new visitors are few."""
        if not self._visitors or self._random.random() < _NEW_VISITOR_SHARE:
            self._visitors.append((self._newcomers.device(self._random), pick_channel(self._random)))
        device, channel = self._random.choice(self._visitors)
        context = landing_context(device.context, channel, "/pricing")
        yield by(page("/pricing", context, channel.referrer), device.anonymous_id)
        yield by(track("Pricing Viewed", {"channel": channel.name}, context), device.anonymous_id)

    def _sign_up(self) -> Iterator[Message]:
        random, channel = self._random, pick_channel(self._random)
        device = self._newcomers.device(random)
        account = self._newcomers.account(random, 0)
        person = self._newcomers.person(random, account, device, channel.name, channel.quality, 0)
        self._regulars.append(person)
        yield from self._arrive(device, person, channel)

    def _arrive(self, device: Device, person: Person, channel: Channel) -> Iterator[Message]:
        anonymous_id, user_id, context = device.anonymous_id, person.user_id, device.context
        landed = landing_context(context, channel, "/pricing")
        yield by(track("Pricing Viewed", {"channel": channel.name}, landed), anonymous_id)
        yield by(identify(person.traits, context), anonymous_id, user_id)
        created = {"channel": channel.name, "method": "email"}
        yield by(track("Account Created", created, context), anonymous_id, user_id)
        yield by(group(person.account.id, person.account.traits, context), anonymous_id, user_id)

    def _work(self, person: Person) -> Iterator[Message]:
        random = self._random
        device = random.choice(person.devices)
        look = screen("Tasks", device.context) if device.is_phone else page("/app/tasks", device.context)
        yield by(look, device.anonymous_id, person.user_id)
        yield by(self._deed(device), device.anonymous_id, person.user_id)

    def _deed(self, device: Device) -> Message:
        random, context = self._random, device.context
        number = f"live-{self._sent}"
        deeds: tuple[tuple[float, Callable[[], Message]], ...] = (
            (62, lambda: track("Task Completed", {"task_id": number}, context)),
            (22, lambda: track("Feature Used", {"feature": random.choice(FEATURES)}, context)),
            (7, lambda: track("Project Created", {"project_id": number, "template": "blank"}, context)),
            (5, lambda: track("Report Shared", {"report_id": number}, context)),
            (4, lambda: track("Teammate Invited", {"invitation_id": number}, context)),
        )
        return random.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])[0]()
