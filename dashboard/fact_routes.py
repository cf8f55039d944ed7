"""Routes of external facts: spend, cash, costs and whatever no event knows.

Does not check facts field by field: see `schemas.fact_rows`.
"""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Query, Request, Response

from dashboard.asking import ApiContext
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.periods import read_range
from dashboard.points import number
from dashboard.questions import First, Last, Limit, Offset, next_offset
from dashboard.report_shapes import FactList, FactsWritten
from dashboard.small_bodies import read_json_bytes
from schemas.fact_rows import FactError, read_rows
from schemas.measuring import FactRow

MAX_BODY_BYTES = 500_000
"""As for every other body; about 4,000 rows."""

MAX_DAYS_AHEAD = 366
"""Plans may be facts of days to come; what lies beyond a year is a slip."""

_ERRORS_SHOWN = 20

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {
                    "facts": [
                        {
                            "fact": "spend",
                            "date": "2026-11-01",
                            "value": "1250.50",
                            "category": "marketing",
                            "channel": "ads",
                            "source": "bank",
                        }
                    ]
                },
            }
        },
    }
}


def add_fact_routes(router: APIRouter, context: ApiContext) -> None:
    @router.post("/facts", response_model=FactsWritten, tags=["facts"], openapi_extra=_BODY)
    async def write_facts(request: Request) -> Response:
        """Store facts, all of them or none; a body has at most 500 KB, which is about 4,000 rows.

        The latest row of a fact, date, category, channel and source counts; sending the same again changes nothing.
        """
        rows, errors = read_rows(_decoded(await read_json_bytes(request, MAX_BODY_BYTES)), uploader="api")
        errors += _far_ahead(rows, context.clock.today().day + timedelta(days=MAX_DAYS_AHEAD))
        if errors:
            raise Failure(Reason.INVALID_PARAMETER, _said(errors))
        changed = await context.reader.ask(context.measures.write_facts, rows)
        return json_answer({"success": True, "received": len(rows), "changed": changed})

    @router.get("/facts", response_model=FactList, tags=["facts"])
    async def read_facts(
        fact: Annotated[str, Query(description="The name of a fact, such as `spend`.", min_length=1, max_length=64)],
        first: First = None,
        last: Last = None,
        limit: Limit = 1000,
        offset: Offset = 0,
    ) -> Response:
        """The facts of a range that count, in the order of their days."""
        days = read_range(first, last, context.clock.today().day)
        rows = await context.reader.ask(context.measures.facts, fact, days.first, days.last)
        page = rows[offset : offset + limit + 1]
        return json_answer(
            {
                "fact": fact,
                "from": days.first,
                "to": days.last,
                "facts": [_row(row) for row in page[:limit]],
                "limit": limit,
                "offset": offset,
                "next": next_offset(len(page), limit, offset),
            }
        )


def _decoded(body: bytes) -> Any:
    """Numbers as Decimal: no digit of money is lost on the way.

    Raises:
        Failure: 422 for what is no JSON, NaN and infinity included.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError) as problem:
        raise Failure(Reason.INVALID_PARAMETER, f"the body is no JSON: {str(problem)[:200]}") from None


def _far_ahead(rows: list[FactRow], latest: date) -> list[FactError]:
    """Rows are counted from 1; they are as they were sent while there is no other error."""
    return [
        FactError(number, "date", f"{row.day} lies more than a year ahead")
        for number, row in enumerate(rows, start=1)
        if row.day > latest
    ]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _said(errors: list[FactError]) -> str:
    """Every problem in one sentence each; the first twenty when there are more."""
    shown = [
        f"row {error.row}, {error.field}: {error.message}" if error.row else error.message
        for error in errors[:_ERRORS_SHOWN]
    ]
    rest = len(errors) - len(shown)
    return "; ".join(shown) + (f"; and {rest} more" if rest else "")


def _row(row: FactRow) -> dict[str, Any]:
    return {
        "fact": row.fact,
        "date": row.day,
        "value": number(row.value),
        "category": row.category,
        "channel": row.channel,
        "source": row.source,
        "uploader": row.uploader,
        "note": row.note,
    }
