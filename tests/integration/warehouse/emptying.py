"""Empties a warehouse between tests that share it.

Does not touch its tables otherwise.
"""

from warehouse.client import DATABASE, Warehouse


def empty_tables(warehouse: Warehouse) -> None:
    """Leave the tables as migrations have made them."""
    tables = warehouse.rows(
        "SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'"
        " AND name != 'migrations' AND total_rows > 0",
        {"database": DATABASE},
    )
    for (name,) in tables:
        warehouse.command(f"TRUNCATE TABLE {DATABASE}.{name}")
