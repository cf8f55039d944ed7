"""Removes what each start of a worker leaves behind: old claims, headers, heads, restatements off the lineage.

Does not run by itself and does not read claims: the caller has just seen that its own is still the highest. Nobody
reads these rows any more: readers take the highest claim, header and head of a partition, and the latest lineage.
"""

from collections.abc import Mapping
from typing import Any

from schemas.checkpoints import Header
from warehouse.client import DATABASE, Warehouse

WORTH_OWNERS = 100
"""Old claims of a partition that are worth the rewriting of three small tables."""

WORTH_RESTATEMENTS = 10_000

ON_LINEAGE_UP_TO = "transform((epoch, nonce), {owners:Array(Tuple(UInt64, UInt64))}, {versions:Array(UInt64)}, 0)"
"""The version up to which rows of an owner count; 0 for owners that are not on the lineage."""

OFF_LINEAGE = f"(epoch, nonce) < ({{epoch:UInt64}}, {{nonce:UInt64}}) AND version > {ON_LINEAGE_UP_TO}"
"""Rows of earlier owners that no reader counts and that no later header can bring back."""

_EARLIER = "partition = {partition:UInt32} AND (epoch, nonce) < ({epoch:UInt64}, {nonce:UInt64})"
_STOCK = f"""
SELECT
    (SELECT count() FROM {DATABASE}.claims WHERE {_EARLIER}),
    (SELECT count() FROM {DATABASE}.restatement_rows WHERE partition = {{partition:UInt32}} AND {OFF_LINEAGE})
"""
_REMOVE_OWNERS = (
    f"DELETE FROM {DATABASE}.claims WHERE {_EARLIER}",
    f"DELETE FROM {DATABASE}.checkpoint_headers WHERE {_EARLIER}",
    # A new owner counts for readers only once it has published, and its predecessor until then.
    f"""
DELETE FROM {DATABASE}.counter_heads WHERE {_EARLIER} AND (epoch, nonce) < (
    SELECT max((epoch, nonce)) FROM {DATABASE}.counter_heads WHERE partition = {{partition:UInt32}}
)
""",
)
_REMOVE_RESTATEMENTS = (
    f"DELETE FROM {DATABASE}.restatement_rows WHERE partition = {{partition:UInt32}} AND {OFF_LINEAGE}"
)


def lineage_parameters(header: Header) -> Mapping[str, Any]:
    """Values for statements about a partition's owners and lineage as of a header."""
    return {
        "partition": header.partition,
        "epoch": header.tag.epoch,
        "nonce": header.tag.nonce,
        "owners": [(segment.epoch, segment.nonce) for segment in header.lineage],
        "versions": [segment.version for segment in header.lineage],
    }


def tidy(
    warehouse: Warehouse, base: Header, owners: int = WORTH_OWNERS, restatements: int = WORTH_RESTATEMENTS
) -> None:
    """Remove what owners before that of a header (of two checkpoints ago) have left, if there are so many.

    May raise `WarehouseUnavailable`: nothing is lost, a later call removes the rest.
    """
    parameters = lineage_parameters(base)
    old_owners, old_restatements = warehouse.rows(_STOCK, parameters)[0]
    if old_owners >= owners:
        for statement in _REMOVE_OWNERS:
            warehouse.command(statement, parameters)
    if old_restatements >= restatements:
        warehouse.command(_REMOVE_RESTATEMENTS, parameters)
