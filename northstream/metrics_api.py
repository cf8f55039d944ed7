"""The numbers of a running product, asked over its read API (contracts §4).

Does not judge them.
"""

from collections.abc import Collection
from datetime import date
from types import TracebackType
from typing import Any, Literal, NamedTuple

import httpx

from northstream.failures import UserError
from northstream.running_product import find_api
from northstream.settings import Settings

PAGE = 1_000
"""Members that are asked for at a time."""

_ANSWER_SECONDS = 60.0


class Point(NamedTuple):
    """`is_settled`: its bucket is over and complete, and no cohort in it can still grow."""

    bucket: date
    value: float | None
    is_settled: bool


class Noise(NamedTuple):
    """Incidents of an alert rule in the worst 30 days, and how many are not too many."""

    most_in_30_days: int
    budget: int


class MetricsApi:
    """Raises UserError when nobody answers, or refuses. A metric that cannot be computed now has no points."""

    def __init__(self, settings: Settings) -> None:
        api = find_api(settings)
        self._url = api.url
        headers = {"Authorization": f"Bearer {api.secret_key}"}
        self._client = httpx.Client(base_url=api.url, headers=headers, timeout=_ANSWER_SECONDS, trust_env=False)

    def __enter__(self) -> "MetricsApi":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def known(self) -> frozenset[str]:
        """The metrics of the running product's catalogue."""
        answer = self._get("/api/metrics", {})
        return frozenset(entry["metric"] for entry in answer["metrics"])

    def series(self, metric: str, first: date, last: date, grain: Literal["day", "week", "month"]) -> list[Point]:
        """Every bucket of the range."""
        answer = self._get(f"/api/metrics/{metric}", {"from": str(first), "to": str(last), "grain": grain})
        points = answer["points"] if answer else []
        return [
            Point(
                date.fromisoformat(point["bucket"]),
                point["value"],
                bool(point["settled"]) and not point.get("maturing", False),
            )
            for point in points
        ]

    def members(self, metric: str, first: date, last: date) -> dict[str, float]:
        """Who is behind a metric over a range of days, each with what it contributed."""
        found: dict[str, float] = {}
        offset: int | None = 0
        while offset is not None:
            page = {"from": str(first), "to": str(last), "limit": str(PAGE), "offset": str(offset)}
            answer = self._get(f"/api/metrics/{metric}/members", page)
            if answer is None:
                break
            found.update({member["id"]: float(member["contribution"] or 0) for member in answer["members"]})
            offset = answer["next"]
        return found

    def noise(self, rule: str, days: int) -> Noise | None:
        """What an alert rule would have done over the last days; None for one that is not in use, or has no past."""
        answer = self._get("/api/alerts/backtest", {"rule": rule, "days": str(days)}, (404, 422))
        return None if answer is None else Noise(answer["most_in_30_days"], answer["noise_budget"])

    def _get(self, path: str, parameters: dict[str, str], nothing: Collection[int] = (409,)) -> Any:
        """The answer; None for the statuses of `nothing`: the definition cannot be computed now."""
        try:
            answer = self._client.get(path, params=parameters)
        except httpx.HTTPError as error:
            raise UserError(
                f"nothing answers at {self._url} ({error}); name the port that it runs on with --port, "
                "the boards of a cluster with --boards-url"
            ) from error
        if answer.status_code in nothing:
            return None
        if answer.status_code != 200:
            raise UserError(f"{self._url}{path} answers {answer.status_code}: {_reason(answer)}")
        return answer.json()


def _reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return "is that the northstream of this key?"
    return str(said.get("message") if isinstance(said, dict) else said)
