"""Writes the facts of the workspace that views need: its time zone and the names of funnel steps.

Does not read workspace files.
"""

import msgspec

from schemas.definitions import StreamDefinitions
from warehouse.client import DATABASE, Warehouse

_ENCODER = msgspec.json.Encoder()
_LATEST = f"SELECT timezone, definitions, generation FROM {DATABASE}.workspace ORDER BY generation DESC LIMIT 1"
# A start that was cut short may have left steps of a generation that never counted.
_NEWEST = f"""
SELECT greatest((SELECT max(generation) FROM {DATABASE}.workspace),
                (SELECT max(generation) FROM {DATABASE}.funnel_steps))
"""
_STEPS = f"""
SELECT funnel_id, step, name FROM {DATABASE}.funnel_steps WHERE generation = {{generation:UInt64}}
ORDER BY funnel_id, step
"""

Steps = list[tuple[str, int, str]]


def write_workspace_facts(warehouse: Warehouse, definitions: StreamDefinitions) -> None:
    """Make the views follow these definitions; writes nothing if they do already.

    The steps come before the generation that makes them count, which is a new one each time: a table drops a block that
    it has seen before, even if its rows were deleted since. May raise `WarehouseUnavailable`.
    """
    steps = _steps_of(definitions)
    latest = warehouse.rows(_LATEST)
    if latest:
        timezone, digest, current = latest[0]
        known = [tuple(row) for row in warehouse.rows(_STEPS, {"generation": current})]
        if (timezone, digest, known) == (definitions.timezone, definitions.digest, steps):
            return
    generation = int(warehouse.rows(_NEWEST)[0][0]) + 1
    _write_steps(warehouse, generation, steps)
    row = {"generation": generation, "timezone": definitions.timezone, "definitions": definitions.digest}
    warehouse.insert_lines("workspace", list(row), _ENCODER.encode(row), {})


def read_definitions_digest(warehouse: Warehouse) -> str:
    """The digest of the definitions that the views follow; empty before anything has run."""
    latest = warehouse.rows(_LATEST)
    return str(latest[0][1]) if latest else ""


def _steps_of(definitions: StreamDefinitions) -> Steps:
    return sorted(
        (funnel.id, number, step.event)
        for funnel in definitions.funnels
        for number, step in enumerate(funnel.steps, start=1)
    )


def _write_steps(warehouse: Warehouse, generation: int, steps: Steps) -> None:
    rows = [{"generation": generation, "funnel_id": funnel, "step": step, "name": name} for funnel, step, name in steps]
    if rows:
        warehouse.insert_lines("funnel_steps", list(rows[0]), _ENCODER.encode_lines(rows), {})
