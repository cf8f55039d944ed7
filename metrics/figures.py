"""Turns the rows of a computation into an answer: exact numbers by segment and bucket.

A statement gives (segment, bucket, numerator) or (segment, bucket, numerator, denominator), buckets counted from 1.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from metrics.asking import WHOLE, Answer, Ask, Bucket, Pair

Matures = Callable[[Bucket], bool]


def exact(number: Any) -> Decimal | None:
    """What the engine said, as Decimal without trailing zeroes; None for NULL."""
    if number is None:
        return None
    value = number if isinstance(number, Decimal) else Decimal(str(number))
    return Decimal(int(value)) if value == value.to_integral_value() else value.normalize()


def answer_of(rows: Iterable[Sequence[Any]], ask: Ask, matures: Matures = lambda bucket: False) -> Answer:
    """By segment if the question splits, else whole."""
    answer: dict[str | None, dict[date, Pair]] = {}
    for segment, index, numerator, *denominator in rows:
        bucket = ask.buckets[index - 1]
        pair = Pair(exact(numerator), exact(denominator[0]) if denominator else None, matures(bucket))
        answer.setdefault(segment if ask.split else WHOLE, {})[bucket.first] = pair
    return answer
