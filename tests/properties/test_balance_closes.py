"""Random histories of subscriptions: every span closes to the cent and agrees with a plain recount."""

import itertools
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.asking import Bucket
from metrics.balance import Change, Movements, SpanBalance, find_movements, monthly_amount

FIRST = date(2026, 1, 1)
DAYS = 75
DAY_MS = 86_400_000

amounts = st.decimals(0, 2000, places=2, allow_nan=False)
said = st.one_of(
    st.just(Decimal(0)),
    amounts.map(lambda amount: monthly_amount(amount, None, "")),
    amounts.map(lambda amount: monthly_amount(None, amount, "year")),
)
events = st.tuples(
    st.sampled_from("abcde"),
    st.integers(0, DAYS * 24 - 1),
    st.text("xyz", max_size=2),
    said,
    st.sampled_from(["", "usage"]),
)


def change(event: tuple[str, int, str, Decimal | None, str]) -> Change:
    account, hour, message_id, monthly, cause = event
    assert monthly is not None
    return Change(account, FIRST + timedelta(days=hour // 24), hour * 3_600_000, message_id, monthly, cause)


histories = st.lists(events, max_size=40, unique_by=lambda event: event[:3]).map(
    lambda found: [change(e) for e in found]
)


def buckets(days: int) -> list[Bucket]:
    firsts = range(0, DAYS, days)
    return [Bucket(FIRST + timedelta(n), FIRST + timedelta(min(n + days, DAYS) - 1)) for n in firsts]


GRAINS = {"day": buckets(1), "week": buckets(7), "month": buckets(30), "all": buckets(DAYS)}


def paid_at(changes: Iterable[Change], account: str, instant_ms: int) -> Decimal:
    """The reference: the last that was said before an instant, found by looking through everything."""
    heard = [one for one in changes if one.account == account and one.at_ms < instant_ms]
    return max(heard, key=lambda one: (one.at_ms, one.message_id)).monthly if heard else Decimal(0)


def reference(changes: list[Change], bucket: Bucket) -> dict[str, Any]:
    """A recount of one bucket that keeps no state: every account's two ends, and every pair of neighbouring events."""
    start_ms = (bucket.first - FIRST).days * DAY_MS
    end_ms = ((bucket.last - FIRST).days + 1) * DAY_MS
    ends = [(paid_at(changes, one, start_ms), paid_at(changes, one, end_ms)) for one in "abcde"]
    recount = {
        "start": sum((start for start, _ in ends), Decimal(0)),
        "end": sum((end for _, end in ends), Decimal(0)),
        "retained": sum((end for start, end in ends if start > 0), Decimal(0)),
        "customers_start": sum(start > 0 for start, _ in ends),
        "customers_end": sum(end > 0 for _, end in ends),
        "customers_new": sum(start == 0 < end for start, end in ends),
        "customers_lost": sum(end == 0 < start for start, end in ends),
    }
    return recount | _moves(changes, start_ms, end_ms)


def _moves(changes: list[Change], start_ms: int, end_ms: int) -> dict[str, Decimal]:
    moves = dict.fromkeys(("new", "reactivation", "expansion", "contraction", "churn"), Decimal(0))
    for account in "abcde":
        own = sorted((c for c in changes if c.account == account), key=lambda c: (c.at_ms, c.message_id))
        for index, (now, was) in enumerate(zip(own, [None, *own], strict=False)):
            before = was.monthly if was else Decimal(0)
            if not start_ms <= now.at_ms < end_ms or now.monthly == before:
                continue
            has_paid = any(earlier.monthly > 0 for earlier in own[:index])
            if before == 0:
                kind = "reactivation" if has_paid else "new"
            elif now.monthly == 0:
                kind = "churn"
            else:
                kind = "expansion" if now.monthly > before else "contraction"
            moves[kind] += abs(now.monthly - before)
    return moves


def parts(balance: SpanBalance) -> dict[str, Any]:
    names = reference([], GRAINS["all"][0])
    return {name: getattr(balance, name) for name in names}


@settings(deadline=None, max_examples=60)
@given(histories, st.sampled_from(list(GRAINS)))
def test_every_bucket_closes_and_agrees_with_the_recount(changes: list[Change], grain: str) -> None:
    """start + new + reactivation + expansion − contraction − churn = end, exactly, and so do the customers."""
    spans = GRAINS[grain]
    for span, balance in zip(spans, Movements(find_movements(changes)).balances(spans), strict=True):
        came = balance.new + balance.reactivation + balance.expansion
        assert balance.start + came - balance.contraction - balance.churn == balance.end
        assert sum(balance.expansion_by_cause.values()) == balance.expansion
        assert balance.customers_start + balance.customers_new - balance.customers_lost == balance.customers_end
        assert parts(balance) == reference(changes, span)


@settings(deadline=None, max_examples=40)
@given(histories)
def test_days_add_up_to_weeks_months_and_the_whole(changes: list[Change]) -> None:
    """Movements of money are sums over days; a bucket ends where the next begins."""
    movements = Movements(find_movements(changes))
    whole = movements.balances(GRAINS["all"])[0]
    for spans in GRAINS.values():
        found = movements.balances(spans)
        assert all(one.end == following.start for one, following in itertools.pairwise(found))
        for name in ("new", "reactivation", "expansion", "contraction", "churn", "customers_acquired"):
            assert sum(getattr(balance, name) for balance in found) == getattr(whole, name)


@settings(deadline=None, max_examples=40)
@given(histories, st.sampled_from(list(GRAINS)))
def test_segments_add_up_to_the_whole(changes: list[Change], grain: str) -> None:
    """Accounts are in one segment each, so that every part of the balance is the sum over segments."""
    spans = GRAINS[grain]
    whole = Movements(find_movements(changes)).balances(spans)
    segments = [
        Movements(find_movements(one for one in changes if one.account in members)).balances(spans)
        for members in ("ab", "cd", "e")
    ]
    for index, balance in enumerate(whole):
        found = [parts(segment[index]) for segment in segments]
        assert {name: sum(one[name] for one in found) for name in found[0]} == parts(balance)


@settings(deadline=None, max_examples=40)
@given(histories, st.randoms())
def test_the_order_of_reading_does_not_matter(changes: list[Change], random: Any) -> None:
    """Time and message id alone decide."""
    shuffled = list(changes)
    random.shuffle(shuffled)
    assert find_movements(shuffled) == find_movements(changes)
