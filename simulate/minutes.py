"""What the simulated company has noted in its weekly rituals: annotations, decisions, actions, with the dates of now.

Does not note anything where somebody has noted something already.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx

WEEK = timedelta(days=7)

Note = tuple[str, dict[str, Any]]
"""What it is (as in the address of the API), and its fields."""


class Secretary:
    """Writes the minutes once."""

    def __init__(self, base_url: str, secret_key: str) -> None:
        self._base_url = base_url
        self._headers = {"authorization": f"Bearer {secret_key}"}

    async def note(self, today: date) -> None:
        """Hand in the minutes, unless there are actions; a note that this workspace refuses is left out."""
        async with httpx.AsyncClient(
            base_url=self._base_url, headers=self._headers, timeout=30.0, trust_env=False
        ) as client:
            try:
                known = await client.get("/api/actions", params={"limit": 1})
                if known.status_code != httpx.codes.OK or known.json().get("actions") != []:
                    return
                for kind, fields in minutes(today):
                    await client.post(f"/api/{kind}", json=fields)
            except httpx.TransportError:
                # The company lives on without them.
                return


def minutes(today: date) -> Iterator[Note]:
    """The rituals of the last two weeks that are over, and remarks before them; oldest first."""
    for back, kind, text, metric, author in _REMARKS:
        day = (today - timedelta(days=back)).isoformat()
        yield "annotations", {"day": day, "kind": kind, "text": text, "metric": metric, "author": author}
    for back, course, text, metric, owner, outcome in _DECISIONS:
        fields = {"course": course, "text": text, "metric": metric, "owner": owner, "outcome": outcome}
        yield "decisions", {"week": _week(today - back * WEEK), **fields}
    for back, text, metric, owner, due, effect, budget, status in _ACTIONS:
        fields = {"text": text, "metric": metric, "owner": owner, "expected_effect": effect, "status": status}
        day = (today + timedelta(days=due)).isoformat()
        yield "actions", {"week": _week(today - back * WEEK), "due": day, "budget": budget, **fields}


_REMARKS = (
    (41, "hypothesis", "Guided onboarding: more people finish the set-up.", "setup_completion", "Ana"),
    (20, "field_note", "Five customers asked for a monthly report this week.", "nps", "Marc"),
    (13, "outcome", "Onboarding test: set-up completion up, activation unchanged.", "activation_rate", "Ana"),
)
"""Days ago, kind, text, metric, author."""

_DECISIONS = (
    (2, "start", "Ask for the first project during signup", "activation_rate", "growth", ""),
    (2, "kill", "Webinars for small teams", "cac", "marketing", "Spend moved to search; a customer costs less."),
    (1, "iterate", "Second test of the guided onboarding", "activation_rate", "growth", ""),
    (1, "start", "Yearly price first on the pricing page", "mrr", "revenue", ""),
)
"""Weeks ago, course, text, metric, owner, outcome."""

_ACTIONS = (
    (2, "Call ten customers who left", "churn_monthly", "support", -4, "Reasons by plan", None, "done"),
    (2, "Shorten the signup form", "visit_to_signup", "growth", 9, "+2 points", "1500", "open"),
    (1, "Write the missing import guide", "tickets", "support", 5, "20 tickets fewer a month", None, "open"),
    (1, "Test the yearly price on half of the visitors", "mrr", "revenue", 16, "+4 % MRR", "4000", "open"),
)
"""Weeks ago, text, metric, owner, due in days, expected effect, budget, status."""


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
