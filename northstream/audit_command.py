"""`northstream audit`: compares every published number with its recount from the stored events, repairs on demand.

Does not count: see `warehouse.audit`.
"""

from collections.abc import Sequence

from northstream.clock import unix_ms
from northstream.failures import UserError
from northstream.running_product import RunningProduct, find_running
from northstream.settings import Settings
from schemas.calendar import Calendar
from warehouse.audit import Audit, Difference, audit, repair
from warehouse.client import WarehouseUnavailable

SETTLE_SECONDS = 15.0
_NEXT_SETTLE_SECONDS = 3.0
_ROUNDS = 4
"""While events keep coming, a number may differ for a moment; a wrong one differs by the same in so many audits."""


def run_audit(settings: Settings, is_repairing: bool) -> int:
    """Print each number that differs; exit code 1 if any does (with repair: still does).

    Raises:
        UserError: no product runs, or it cannot be reached.
    """
    product = find_running(settings)
    try:
        found = compare(product)
        if is_repairing and found.differences:
            repair(product.warehouse, found.differences, unix_ms(), _today(product))
            print(f"repaired {len(found.differences)}; comparing again")
            found = compare(product)
    except WarehouseUnavailable as error:
        raise UserError(f"the SQL interface does not answer any more ({error}); audit again") from error
    finally:
        product.warehouse.close()
    return 1 if found.differences else 0


def compare(product: RunningProduct) -> Audit:
    """Print and return what differs for certain, traffic or not.

    If nothing arrived during an audit, it is exact. Otherwise only days that are over are held against the events,
    and only what differs by the same in audit after audit.

    Raises:
        UserError: events wait, and nobody counts them.
    """
    today = _today(product)
    lasting: set[tuple[str, int, int]] | None = None
    patience = SETTLE_SECONDS
    at_first = product.standing()
    if at_first.lag_events:
        print(f"{at_first.lag_events} events wait to be counted; waiting up to {patience:.0f} s for them", flush=True)
    for _ in range(_ROUNDS):
        before = product.wait_until_settled(patience)
        if before.lag_events and before == at_first:
            raise UserError(
                f"{before.lag_events} events wait, and nobody counts or loads them:"
                " see whether a worker and a loader run"
            )
        patience = _NEXT_SETTLE_SECONDS
        found = audit(product.warehouse, product.definitions)
        if before.lag_events == 0 and product.standing() == before:
            return _shown(found)
        deltas = {_delta(one) for one in found.differences if one.bucket < today}
        lasting = deltas if lasting is None else lasting & deltas
    print("events keep coming: only days that are over are compared")
    return _shown(Audit(found.compared, [one for one in found.differences if _delta(one) in (lasting or ())]))


def _today(product: RunningProduct) -> int:
    return Calendar(product.definitions.timezone).day_of(unix_ms())


def _delta(one: Difference) -> tuple[str, int, int]:
    return one.metric, one.bucket, one.recounted - one.published


def _shown(found: Audit) -> Audit:
    differences: Sequence[Difference] = found.differences
    for one in differences:
        print(one)
    if differences:
        print(f"{len(differences)} of {found.compared} numbers differ from what the events say")
    else:
        print(f"{found.compared} numbers compared, no difference")
    return found
