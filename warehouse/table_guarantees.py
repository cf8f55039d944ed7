"""Reads back from the warehouse what our tables must be for acknowledged rows to stay, each once.

Does not change a table.
"""

import re
from collections.abc import Iterable, Mapping

from warehouse.client import DATABASE, Warehouse

_TABLES = """
SELECT name, engine, engine_full FROM system.tables
WHERE database = {database:String} AND engine LIKE '%MergeTree'
"""

_DEFAULTS = "SELECT name, value FROM system.{source} WHERE name IN {{names:Array(String)}}"

_FSYNC = {"fsync_after_insert": 1, "fsync_part_directory": 1}


def broken_tables(warehouse: Warehouse, tables: Iterable[str]) -> list[str]:
    """A sentence for each of `tables` that is missing, not replicated on a cluster, or breaks a needed setting.

    May raise `WarehouseUnavailable`.
    """
    needed = {**_FSYNC, **warehouse.dialect.window_settings}
    usual = _usual(warehouse, needed)
    found = {name: (engine, full) for name, engine, full in warehouse.rows(_TABLES, {"database": DATABASE})}
    broken = []
    for name in sorted(tables):
        if name not in found:
            broken.append(f"table {DATABASE}.{name} is missing")
            continue
        engine, full = found[name]
        if engine.startswith("Replicated") != bool(warehouse.dialect.cluster):
            broken.append(_wrong_engine(name, engine, warehouse.dialect.cluster))
        values = {setting: _declared(full, setting, usual) for setting in needed}
        broken += [
            f"table {DATABASE}.{name} has {setting} = {values[setting]}, it needs {least}{_or_more(least)}"
            for setting, least in needed.items()
            if values[setting] < least
        ]
    return broken


def _usual(warehouse: Warehouse, needed: Iterable[str]) -> Mapping[str, str]:
    """The server's own values, which hold for tables that say nothing."""
    source = "replicated_merge_tree_settings" if warehouse.dialect.cluster else "merge_tree_settings"
    return dict(warehouse.rows(_DEFAULTS.format(source=source), {"names": list(needed)}))


def _declared(engine: str, setting: str, usual: Mapping[str, str]) -> int:
    declared = re.search(rf"\b{setting} = (\d+)", engine)
    return int(declared[1]) if declared else int(usual.get(setting, 0))


def _wrong_engine(name: str, engine: str, cluster: str) -> str:
    if cluster:
        return f"table {DATABASE}.{name} is not replicated ({engine}) although the cluster {cluster} is set"
    return f"table {DATABASE}.{name} is replicated ({engine}) although no cluster is set"


def _or_more(least: int) -> str:
    return " or more" if least > 1 else ""
