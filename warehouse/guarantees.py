"""What the protocols of checkpoints and loads rest on, read back from the warehouse at start.

Does not mend anything: whoever runs the warehouse must know that it was otherwise.
"""

from collections.abc import Mapping

from warehouse.client import DATABASE, Warehouse
from warehouse.migrate import created_feeds, created_tables, read_migrations
from warehouse.table_guarantees import broken_tables

OLDEST_VERSION = (25, 8)
"""Long-term support at the time of writing; the tests run on a newer engine."""

_OFF = "disable"
"""The value of `deduplicate_insert`, on servers that have it, under which tokens do nothing."""

_VERSION = "SELECT version()"
_SETTINGS = "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}"
_SHARDS = """
SELECT uniqExact(shard_num), count() FROM system.clusters WHERE cluster = (
    SELECT if(count() = 0, {cluster:String}, any(substitution))
    FROM system.macros WHERE concat('{', macro, '}') = {cluster:String}
)
"""
_FEEDS = f"SELECT name FROM system.tables WHERE database = '{DATABASE}' AND engine = 'MaterializedView'"
_MACROS = "SELECT macro FROM system.macros WHERE macro IN ('shard', 'replica')"


class GuaranteesBroken(Exception):
    """The warehouse is not as it must be; one sentence a line."""


def check_guarantees(warehouse: Warehouse) -> None:
    """Refuse a warehouse on which acknowledged rows could be lost or doubled. For a user that may write.

    Raises:
        GuaranteesBroken: whoever runs the warehouse must mend it.
        WarehouseUnavailable: try again later.
    """
    broken = broken_guarantees(warehouse)
    if broken:
        raise GuaranteesBroken("\n".join(broken))


def broken_guarantees(warehouse: Warehouse) -> list[str]:
    """A sentence for each guarantee that is broken."""
    return [
        *broken_version(str(warehouse.rows(_VERSION)[0][0])),
        *broken_tables(warehouse, created_tables(read_migrations()) | {"migrations"}),
        *_broken_feeds(warehouse),
        *_broken_settings(warehouse),
        *(_broken_cluster(warehouse) if warehouse.dialect.cluster else []),
    ]


def broken_version(version: str) -> list[str]:
    """A sentence if a server of this version is too old."""
    major, minor = version.split(".")[:2]
    if (int(major), int(minor)) >= OLDEST_VERSION:
        return []
    return [f"ClickHouse {version} is too old, it must be {OLDEST_VERSION[0]}.{OLDEST_VERSION[1]} or newer"]


def _broken_feeds(warehouse: Warehouse) -> list[str]:
    """Without such a view nothing fails, and what is loaded is missing in the table behind it."""
    there = {name for (name,) in warehouse.rows(_FEEDS)}
    missing = sorted(created_feeds(read_migrations()) - there)
    return [f"the materialized view {DATABASE}.{name} is missing" for name in missing]


def _broken_settings(warehouse: Warehouse) -> list[str]:
    """As our own session sees them: what profiles and constraints of the server made of our wishes."""
    needed = warehouse.dialect.writer_settings
    names = [*needed, "deduplicate_insert", "readonly"]
    found: Mapping[str, str] = dict(warehouse.rows(_SETTINGS, {"names": names}))
    broken = [
        f"the setting {name} is {found.get(name, 'unknown')}, it needs to be {value}"
        for name, value in needed.items()
        if found.get(name) != str(value)
    ]
    if found.get("deduplicate_insert") == _OFF:
        broken.append(f"the setting deduplicate_insert is {_OFF}, under which tokens do nothing")
    if found.get("readonly") != "0":
        broken.append("the user of the roles may only read")
    return broken


def _broken_cluster(warehouse: Warehouse) -> list[str]:
    """One shard: rows that stand for each other must lie together."""
    cluster = warehouse.dialect.cluster
    broken = []
    shards, replicas = warehouse.rows(_SHARDS, {"cluster": cluster})[0]
    if not replicas:
        broken.append(f"the server knows no cluster named {cluster}")
    elif shards != 1:
        broken.append(f"the cluster {cluster} has {shards} shards, it must have one")
    known = {macro for (macro,) in warehouse.rows(_MACROS)}
    missing = sorted({"shard", "replica"} - known)
    if missing:
        broken.append(f"the server has no macro {' and no macro '.join(missing)}, which name the tables in Keeper")
    return broken
