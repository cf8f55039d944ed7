"""Where visitors come from, how many come each day, and how likely they are to sign up.

Does not create them: see `simulate.visits`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

WEEK = (1.12, 1.16, 1.12, 1.06, 0.94, 0.42, 0.40)
"""Weight of each weekday, Monday first."""

GROWTH = 3.2
"""Visitors a day at the end of the history, as a multiple of those at its beginning."""

_LAUNCHES = (0.31, 0.72)
"""Where in the history two product launches lie, as shares of its length; each doubles visits for three days."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to come. `conversion`: the share of visitors that sign up; `quality`: how well those stay (1 = average)."""

    name: str
    weight: float
    conversion: float
    quality: float
    referrer: str
    campaign: Mapping[str, str]


CHANNELS = (
    Channel("organic", 34, 0.12, 1.1, "https://www.google.com/", {}),
    Channel(
        "paid_search",
        20,
        0.10,
        0.85,
        "https://www.google.com/",
        {"source": "google", "medium": "cpc", "name": "plan-together", "term": "project planning"},
    ),
    Channel("direct", 16, 0.15, 1.2, "", {}),
    Channel(
        "social",
        13,
        0.06,
        0.7,
        "https://www.linkedin.com/",
        {"source": "linkedin", "medium": "social", "name": "team-stories"},
    ),
    Channel(
        "email",
        8,
        0.13,
        1.0,
        "",
        {"source": "newsletter", "medium": "email", "name": "monthly-digest"},
    ),
    Channel(
        "referral",
        6,
        0.20,
        1.3,
        "https://compare.example/project-tools",
        {"source": "compare", "medium": "referral", "name": "top-ten"},
    ),
    Channel(
        "partner",
        3,
        0.22,
        1.35,
        "https://partner.example/",
        {"source": "partner", "medium": "partner", "name": "marketplace"},
    ),
)
_WEIGHTS = [channel.weight for channel in CHANNELS]
MEAN_CONVERSION = sum(channel.weight * channel.conversion for channel in CHANNELS) / sum(_WEIGHTS)


def share_of_visits(name: str) -> float:
    """The part of first visits that comes by a channel."""
    return sum(channel.weight for channel in CHANNELS if channel.name == name) / sum(_WEIGHTS)


def pick_channel(random: Random) -> Channel:
    return random.choices(CHANNELS, _WEIGHTS)[0]


def demand(day: int, days: int, weekday: int) -> float:
    """Relative number of visitors on a day: growth × weekly rhythm × launches. Behind the last day growth goes on."""
    share = day / max(1, days)
    launched = any(0 <= day - int(launch * days) < 3 for launch in _LAUNCHES)
    return float(GROWTH**share * WEEK[weekday] * (2.0 if launched else 1.0))


def landing_context(context: Mapping[str, Any], channel: Channel, path: str) -> dict[str, Any]:
    """The context of a first visit: the device's, with page, referrer and campaign."""
    landed = {**context, "page": {"path": path, "referrer": channel.referrer}}
    if channel.campaign:
        landed["campaign"] = channel.campaign
    if channel.referrer:
        landed["referrer"] = {"url": channel.referrer, "type": channel.name}
    return landed
