"""Who lives in the simulated world: devices, people and the accounts that they work in.

Does not say what they do: see `simulate.habits` and `simulate.billing`.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

COUNTRIES = ("FR", "DE", "US", "GB", "ES", "NL", "CA", "BE", "IT", "SE")
_COUNTRY_WEIGHTS = (26, 17, 15, 11, 8, 6, 5, 5, 4, 3)
_UTC_OFFSET_HOURS = {"US": -6, "CA": -5, "GB": 0}
_INDUSTRIES = ("software", "agency", "construction", "education", "health", "retail", "finance", "non-profit")
_INDUSTRY_WEIGHTS = (28, 20, 12, 10, 9, 9, 7, 5)
_SIZES = (("1-10", 4, 40), ("11-50", 8, 34), ("51-200", 16, 18), ("201-1000", 28, 8))
_OWNERS = ("Camille", "Jonas", "Maria", "Tom")
"""Who at Northwind looks after an account."""

_ROLES = ("owner", "manager", "member", "guest")
_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
)
_PHONES = ("iOS", "Android")


@dataclass(slots=True)
class Device:
    """A browser or phone. `context` is what its SDK sends with every message."""

    anonymous_id: str
    context: dict[str, Any]
    is_phone: bool
    known_user: str = ""


@dataclass(slots=True, eq=False)
class Account:
    """A company. `mrr` is 0 while it does not pay; days are numbers since the first day of the world."""

    id: str
    industry: str
    size: str
    seats: int
    country: str
    created_day: int
    owner: str
    members: "list[Person]" = field(default_factory=list)
    invited: int = 0
    plan: str = "free"
    mrr: float = 0.0
    yearly: bool = False
    trial_ends_day: int | None = None

    @property
    def traits(self) -> dict[str, Any]:
        return {"industry": self.industry, "size": self.size, "country": self.country, "owner": self.owner}


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who signed up. `daily` is the chance of a session on a working day; `leaves_day` is their last day."""

    user_id: str
    account: Account
    role: str
    country: str
    channel: str
    signup_day: int
    daily: float
    leaves_day: int
    devices: list[Device]
    variant: str
    sessions: int = 0
    is_set_up: bool = False
    tasks: int = 0

    @property
    def utc_offset_hours(self) -> int:
        return _UTC_OFFSET_HOURS.get(self.country, 1)

    @property
    def traits(self) -> dict[str, Any]:
        return {"role": self.role, "plan": self.account.plan, "country": self.country, "channel": self.channel}


class Population:
    """Makes devices, accounts and people, and remembers those that signed up; ids are numbers in order of birth."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._devices = 0
        self.people: list[Person] = []
        self.accounts: list[Account] = []

    def device(self, random: Random, phone_share: float = 0.25) -> Device:
        """A new device with an anonymous id of its own."""
        self._devices += 1
        is_phone = random.random() < phone_share
        context: dict[str, Any] = {"locale": random.choice(("fr-FR", "en-US", "de-DE", "en-GB"))}
        if is_phone:
            context["os"] = {"name": random.choice(_PHONES), "version": str(random.randint(14, 18))}
            context["app"] = {"name": "Northwind", "version": f"5.{random.randint(0, 9)}"}
            context["library"] = {"name": "analytics-mobile", "version": "4.4.1"}
        else:
            context["userAgent"] = random.choice(_BROWSERS)
            context["library"] = {"name": "analytics.js", "version": "1.84.3"}
        return Device(f"dev-{self._tag}-{self._devices:06x}", context, is_phone)

    def account(self, random: Random, day: int) -> Account:
        size, seats, _ = random.choices(_SIZES, [weight for _, _, weight in _SIZES])[0]
        account = Account(
            id=f"acc-{self._tag}-{len(self.accounts) + 1:05d}",
            industry=random.choices(_INDUSTRIES, _INDUSTRY_WEIGHTS)[0],
            size=size,
            seats=max(2, int(seats * random.uniform(0.6, 1.4))),
            country=random.choices(COUNTRIES, _COUNTRY_WEIGHTS)[0],
            created_day=day,
            owner=_OWNERS[len(self.accounts) % len(_OWNERS)],
        )
        self.accounts.append(account)
        return account

    def person(
        self, random: Random, account: Account, device: Device, channel: str, quality: float, day: int
    ) -> Person:
        """Somebody joins an account; `quality` (about 1) scales how likely they are to stay."""
        daily, mean_stay_days = _temperament(random, quality)
        person = Person(
            user_id=f"usr-{self._tag}-{len(self.people) + 1:05d}",
            account=account,
            role="owner" if not account.members else random.choices(_ROLES[1:], (2, 6, 1))[0],
            country=account.country,
            channel=channel,
            signup_day=day,
            daily=daily,
            leaves_day=day + int(random.expovariate(1 / mean_stay_days)),
            devices=[device],
            variant=random.choice(("control", "guided")),
        )
        if person.variant == "guided":
            person.leaves_day += random.randint(0, 12)
        device.known_user = person.user_id
        account.members.append(person)
        self.people.append(person)
        return person


def _temperament(random: Random, quality: float) -> tuple[float, float]:
    """(chance of a session on a working day, mean stay in days): few live in the product, many only try it."""
    draw = random.random() / quality
    if draw < 0.13:
        return random.uniform(0.6, 0.9), 400.0
    if draw < 0.45:
        return random.uniform(0.25, 0.5), 170.0
    if draw < 0.74:
        return random.uniform(0.06, 0.18), 90.0
    return 0.05, 4.0
