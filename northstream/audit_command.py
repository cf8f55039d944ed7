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

SETTLE_SECONDS = 60.0
_ROUNDS = 4
"""Under traffic a number may differ for a moment; what is wrong differs by the same in each of so many audits."""


def run_audit(settings: Settings, is_repairing: bool) -> int:
    """Print each number that differs; exit code 1 if any does (with repair: still does).

    Raises:
        UserError: no product runs, or it cannot be reached.
    """
    product = find_running(settings)
    try:
        found = lasting_differences(product)
        _show(found)
        if is_repairing and found.differences:
            now_ms = unix_ms()
            today = Calendar(product.definitions.timezone).day_of(now_ms)
            repair(product.warehouse, found.differences, now_ms, today)
            print(f"repaired {len(found.differences)}; comparing again")
            found = lasting_differences(product)
            _show(found)
    except WarehouseUnavailable as error:
        raise UserError(f"the SQL interface does not answer any more ({error}); audit again") from error
    finally:
        product.warehouse.close()
    return 1 if found.differences else 0


def lasting_differences(product: RunningProduct) -> Audit:
    """The differences that are the same in audit after audit, so that traffic under way is none."""
    product.wait_until_settled(SETTLE_SECONDS)
    latest = audit(product.warehouse, product.definitions)
    lasting = _deltas(latest.differences)
    for _ in range(_ROUNDS - 1):
        if not lasting:
            break
        product.wait_until_settled(SETTLE_SECONDS / _ROUNDS)
        latest = audit(product.warehouse, product.definitions)
        lasting &= _deltas(latest.differences)
    return Audit(latest.compared, [one for one in latest.differences if _delta(one) in lasting])


def _deltas(differences: Sequence[Difference]) -> set[tuple[str, int, int]]:
    return {_delta(one) for one in differences}


def _delta(one: Difference) -> tuple[str, int, int]:
    return one.metric, one.bucket, one.recounted - one.published


def _show(found: Audit) -> None:
    for one in found.differences:
        print(one)
    if found.differences:
        print(f"{len(found.differences)} of {found.compared} numbers differ from what the events say")
    else:
        print(f"{found.compared} numbers compared, no difference")
