"""The SQL views that people query, with exactly the columns they were promised."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from integration.warehouse.log_records import event, events, quarantined
from integration.warehouse.published import publish

from schemas.checkpoints import OverrideRow
from schemas.definitions import FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.identity import DEVICE_IS_JUNK, USER_IS_JUNK
from stream.log.local import LocalLog
from warehouse.client import DATABASE, Warehouse
from warehouse.loader import Loader
from warehouse.people_store import PeopleStore
from warehouse.workspace_facts import write_workspace_facts

COLUMNS = {
    "dau": "day Date, value UInt64",
    "wau": "day Date, value UInt64",
    "mau": "day Date, value UInt64",
    "stickiness": "day Date, value Nullable(Float64)",
    "activation": "day Date, signups UInt64, activated UInt64, rate Nullable(Float64)",
    "funnel": "funnel_id String, day Date, step UInt8, name String, entries UInt64",
    "events_resolved": (
        "message_id String, type LowCardinality(String), event LowCardinality(String), person_id String,"
        " user_id String, anonymous_id String, occurred_at DateTime64(3, 'UTC'), received_at DateTime64(3, 'UTC'),"
        " properties String, context String"
    ),
}


def definitions(timezone: str = "UTC", *steps: str) -> StreamDefinitions:
    funnel = FunnelDefinition("onboarding", {"en": "Onboarding"}, 3600, tuple(FunnelStep(s, {"en": s}) for s in steps))
    return StreamDefinitions(
        timezone=timezone,
        active_types=frozenset(("track",)),
        active_events=frozenset(),
        signup_event="Account Created",
        core_actions=frozenset(),
        funnels=(funnel,) if steps else (),
    )


def today(timezone: str = "UTC") -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(timezone)).date()


def days_before(count: int) -> date:
    return today() - timedelta(days=count)


@pytest.mark.parametrize("view", COLUMNS)
def test_a_view_has_exactly_its_columns(view: str, warehouse: Warehouse) -> None:
    """Other people's queries name these columns and rely on their types."""
    rows = warehouse.rows(f"SELECT name, type FROM system.columns WHERE database = '{DATABASE}' AND table = '{view}'")
    assert ", ".join(f"{name} {kind}" for name, kind in rows) == COLUMNS[view]


@pytest.mark.parametrize(
    "view", [*COLUMNS, "persons", "metric_points", "alert_log", "restatements", "quarantine", "days"]
)
def test_a_view_is_empty_while_there_is_nothing(view: str, warehouse: Warehouse) -> None:
    """No data is an answer, not an error."""
    assert warehouse.rows(f"SELECT * FROM {DATABASE}.{view}") == []


def test_day_views_run_without_gaps_from_the_first_day_with_data_to_today(
    warehouse: Warehouse, store: PeopleStore
) -> None:
    """Days without anything are there with 0; days after today and zeroes before the first day are not."""
    publish(
        store,
        {
            "dau": {days_before(9): 0, days_before(3): 2, days_before(-1): 5},
            "mau": {days_before(3): 4, days_before(2): 4, days_before(-5): 4},
            "late": {days_before(30): 1},
        },
    )
    dau = warehouse.rows(f"SELECT day, value FROM {DATABASE}.dau")
    assert dau == [(days_before(3), 2), (days_before(2), 0), (days_before(1), 0), (today(), 0)]
    stickiness = warehouse.rows(f"SELECT day, value FROM {DATABASE}.stickiness")
    assert stickiness == [(days_before(3), 0.5), (days_before(2), 0.0), (days_before(1), None), (today(), None)]


def test_signups_alone_open_the_days(warehouse: Warehouse, store: PeopleStore) -> None:
    """The first day with data is that of any counter of people."""
    publish(store, {"signups": {days_before(1): 4}, "activated": {days_before(1): 1}, "dau": {days_before(1): 0}})
    rows = warehouse.rows(f"SELECT day, signups, activated, rate FROM {DATABASE}.activation")
    assert rows == [(days_before(1), 4, 1, 0.25), (today(), 0, 0, None)]


def test_the_funnel_shows_every_step_of_every_day(warehouse: Warehouse, store: PeopleStore) -> None:
    """Names come from the workspace as it is now; counters of a step that is gone are not shown."""
    write_workspace_facts(warehouse, definitions("UTC", "A Done", "B Done", "C Done"))
    write_workspace_facts(warehouse, definitions("UTC", "Pricing Viewed", "Account Created"))
    publish(store, {"funnel:onboarding:1": {days_before(1): 9}, "funnel:onboarding:3": {days_before(1): 1}})
    publish(store, {"funnel:onboarding:1": {days_before(1): 1}}, partition=1)
    rows = warehouse.rows(f"SELECT funnel_id, day, step, name, entries FROM {DATABASE}.funnel")
    assert rows == [
        ("onboarding", days_before(1), 1, "Pricing Viewed", 10),
        ("onboarding", days_before(1), 2, "Account Created", 0),
        ("onboarding", today(), 1, "Pricing Viewed", 0),
        ("onboarding", today(), 2, "Account Created", 0),
    ]


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Paris"])
def test_today_is_a_day_of_the_workspace(timezone: str, warehouse: Warehouse) -> None:
    """Days end at midnight of the workspace, not of the server."""
    write_workspace_facts(warehouse, definitions(timezone))
    before = today(timezone)
    shown = warehouse.rows(f"SELECT day FROM {DATABASE}.today")[0][0]
    assert before <= shown <= today(timezone)


def test_unchanged_facts_are_not_written_again(warehouse: Warehouse) -> None:
    """Every start writes the facts, most change nothing."""
    for _ in range(3):
        write_workspace_facts(warehouse, definitions("UTC", "A Done"))
    assert warehouse.rows(f"SELECT count() FROM {DATABASE}.workspace") == [(1,)]


def test_facts_whose_writing_was_cut_short_are_whole_at_the_next_start(
    warehouse: Warehouse, store: PeopleStore
) -> None:
    """Killed between the steps and the generation that makes them count."""
    write_workspace_facts(warehouse, definitions("UTC", "A Done", "B Done"))
    warehouse.command(f"TRUNCATE TABLE {DATABASE}.workspace")
    write_workspace_facts(warehouse, definitions("UTC", "A Done", "B Done"))
    publish(store, {"funnel:onboarding:1": {today(): 1}})
    assert warehouse.rows(f"SELECT step, name FROM {DATABASE}.funnel") == [(1, "A Done"), (2, "B Done")]


def test_an_event_belongs_to_its_person_as_known_now(
    warehouse: Warehouse, store: PeopleStore, events_log: LocalLog
) -> None:
    """The usable user id, else the device; both as united now, past events included; one row per message."""
    rows = [
        event("both", user_id="u2", anonymous_id="d1"),
        event("device", user_id="", anonymous_id="d1"),
        event("unlinked", user_id="", anonymous_id="d9"),
        event("junk user", user_id="null", anonymous_id="d1", junk=USER_IS_JUNK),
        event("junk device", user_id="u9", anonymous_id="0", junk=DEVICE_IS_JUNK),
        event("device", user_id="", anonymous_id="d1"),
    ]
    events_log.append([events(0, *rows)])
    Loader(events_log, warehouse).load_once()
    store.write_overrides([OverrideRow("u:u2", "u:u1"), OverrideRow("d:d1", "u:u2"), OverrideRow("d:d1", "u:u1")])
    found = warehouse.rows(f"SELECT message_id, person_id FROM {DATABASE}.events_resolved ORDER BY message_id")
    assert found == [
        ("both", "u:u1"),
        ("device", "u:u1"),
        ("junk device", "u:u9"),
        ("junk user", "u:u1"),
        ("unlinked", "d:d9"),
    ]


def test_quarantined_messages_can_be_queried(warehouse: Warehouse, events_log: LocalLog) -> None:
    """What the plan refused is kept with its bytes, reasons and plan version."""
    events_log.append([quarantined(0, "q1")])
    Loader(events_log, warehouse).load_once()
    rows = warehouse.rows(f"SELECT message_id, raw, plan_version FROM {DATABASE}.quarantine")
    assert rows == [("q1", '{"event":"Trial Started"}', "v1")]


def test_a_read_only_connection_cannot_write(warehouse: Warehouse, engine: Warehouse) -> None:
    """Whoever only reads holds a connection that cannot do more."""
    path = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")[0][0]
    reader = Warehouse.embedded(path, size=1, read_only=True)
    try:
        assert reader.rows(f"SELECT * FROM {DATABASE}.dau") == []
        with pytest.raises(Exception, match="readonly"):
            reader.command(f"TRUNCATE TABLE {DATABASE}.events")
    finally:
        reader.close()
