"""Random messages of a small company's customers: devices, logins, shared devices, aliases, retries, late events.

One sender speaks for its own devices, so that the order of their links is known; users belong to everybody.
"""

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from system.sending import Message

CORE_ACTIONS = ("Project Created", "Task Completed", "Teammate Invited", "Report Shared")
_NAMES = ("Pricing Viewed", "Account Created", *CORE_ACTIONS, "Subscription Started", "Feature Used", "Cat Petted")
_WEIGHTS = (4, 3, 3, 3, 2, 2, 2, 3, 1)
_PROPERTIES = {"Subscription Started": {"plan": "pro", "mrr": 20}, "Feature Used": {"feature": "board"}}
_DAY_SECONDS = 86_400
_OLDEST_DAYS = 40
"""Younger than the horizon of 45 days, behind which numbers are frozen."""


def iso(unix_seconds: float) -> str:
    """To the millisecond, as browsers write it."""
    moment = datetime.fromtimestamp(round(unix_seconds * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Customers:
    """Composes requests for one sender, who has the secret key: its aliases unite users.

    `family` is how many users at most come to be one person.
    """

    def __init__(self, seed: int, users: int = 600, devices: int = 40, family: int = 5) -> None:
        self._random = Random(seed)
        self._users = users
        self._family = family
        self._devices = [self._new_device() for _ in range(devices)]
        self._recent: list[Message] = []

    def compose(self, kept: Mapping[str, str]) -> list[Message]:
        """Between 1 and 25 messages; now and then one that is kept already, the same or with another time."""
        self._recent = [message for message in self._recent[-200:] if message["messageId"] in kept]
        self._devices[self._random.randrange(len(self._devices))] = self._new_device()
        count = 1 if self._random.random() < 0.4 else self._random.randint(2, 25)
        messages = [self._message() for _ in range(count)]
        self._recent += messages
        return messages

    def _message(self) -> Message:
        chance = self._random.random()
        if self._recent and chance < 0.08:
            return self._copy()
        if chance < 0.10:
            return self._alias()
        if chance < 0.16:
            return self._of("identify", anonymousId=self._device(), userId=self._user(), traits={"role": "owner"})
        if chance < 0.20:
            return self._of(self._random.choice(("page", "screen")), anonymousId=self._device(), name="Home")
        if chance < 0.22:
            return self._of("group", userId=self._user(), groupId="acme", traits={"industry": "toys"})
        return self._track()

    def _track(self) -> Message:
        name = self._random.choices(_NAMES, _WEIGHTS)[0]
        message = self._of("track", event=name, properties=_PROPERTIES.get(name, {}))
        who = self._random.random()
        if who < 0.55:
            message["anonymousId"] = self._device()
        elif who < 0.9:
            message["userId"] = self._user()
        else:
            message |= {"anonymousId": self._device(), "userId": self._user()}
        return message

    def _of(self, kind: str, **fields: object) -> Message:
        return {"type": kind, "messageId": str(uuid.UUID(int=self._random.getrandbits(128))), **fields} | {
            "timestamp": iso(self._moment())
        }

    def _alias(self) -> Message:
        """Two different users of one family."""
        family = self._random.randrange(self._users // self._family) * self._family
        one, other = self._random.sample(range(family, family + self._family), 2)
        return self._of("alias", previousId=_user(one), userId=_user(other))

    def _copy(self) -> Message:
        """A retry: often as it was, else with a time of its own; the earliest time counts."""
        copy = dict(self._random.choice(self._recent))
        if self._random.random() < 0.4:
            copy["timestamp"] = iso(self._moment())
        return copy

    def _moment(self) -> float:
        """Mostly the last days, on few and round seconds so that times and midnights coincide."""
        days = self._random.choice((0, 0, 1, 1, 2, 3, 5, 8, 13, 21, 34, _OLDEST_DAYS))
        moment = time.time() - days * _DAY_SECONDS - self._random.random() * _DAY_SECONDS
        return moment if self._random.random() < 0.7 else moment // 3600 * 3600

    def _user(self) -> str:
        return _user(self._random.randrange(self._users))

    def _device(self) -> str:
        return self._random.choice(self._devices)

    def _new_device(self) -> str:
        return f"device-{self._random.getrandbits(64):016x}"


def _user(number: int) -> str:
    return f"user-{number}"
