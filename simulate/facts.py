"""Hands the company's books to the product: `POST /api/facts`, some hundred facts at a time.

Does not make them up: see `simulate.books`. What the product has already changes nothing there.
"""

from functools import partial

import httpx

from simulate.books import BookedFact
from simulate.company import Company
from simulate.send import patiently

FACTS_PER_REQUEST = 2_000


class Bookkeeper:
    """Knows up to where the books were handed in since the start; the facts before are handed in again then."""

    def __init__(self, base_url: str, secret_key: str) -> None:
        self._base_url = base_url
        self._headers = {"authorization": f"Bearer {secret_key}"}
        self._handed_in = 0

    async def hand_in(self, company: Company, until_ms: int) -> None:
        """Close the books up to the day of an instant (Unix ms), and send what is new in them.

        Raises:
            SendFailed: the product refuses for good or stays away.
        """
        company.close_books(until_ms)
        facts = company.books.facts
        if self._handed_in == len(facts):
            return
        async with httpx.AsyncClient(
            base_url=self._base_url, headers=self._headers, timeout=60.0, trust_env=False
        ) as client:
            for start in range(self._handed_in, len(facts), FACTS_PER_REQUEST):
                rows = [_row(fact) for fact in facts[start : start + FACTS_PER_REQUEST]]
                await patiently(partial(client.post, "/api/facts", json={"facts": rows}))
                self._handed_in = start + len(rows)


def _row(fact: BookedFact) -> dict[str, object]:
    row = {"fact": fact.fact, "date": fact.day, "value": fact.value, "source": "demo"}
    return row | {name: value for name, value in (("category", fact.category), ("channel", fact.channel)) if value}
