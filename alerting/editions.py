"""The tables of rule states, log rows, incidents, notices and controls in `alerts.db`, as statements of its editions.

Does not run them: see `alerting.store`. A statement that was released is never edited: append an edition.
"""

FIRST = (
    """
CREATE TABLE IF NOT EXISTS rule_states (
    rule TEXT PRIMARY KEY, state TEXT NOT NULL, since_ms INTEGER NOT NULL, value REAL,
    alert_id TEXT NOT NULL, started_ms INTEGER, definition TEXT NOT NULL
) WITHOUT ROWID
""",
    """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL,
    alert_id TEXT NOT NULL, body BLOB NOT NULL, created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'pending', detail TEXT NOT NULL DEFAULT ''
)
""",
    "CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (receiver, due_ms) WHERE status = 'pending'",
    "CREATE TABLE IF NOT EXISTS log_rows (seq INTEGER PRIMARY KEY AUTOINCREMENT, row TEXT NOT NULL)",
)
"""Files of the first release say nothing of an edition: hence IF NOT EXISTS."""

NOTICES = (
    "ALTER TABLE rule_states ADD COLUMN start_value REAL",
    "ALTER TABLE rule_states ADD COLUMN cause TEXT NOT NULL DEFAULT ''",
    """
CREATE TABLE incidents (
    alert_id TEXT PRIMARY KEY, rule TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER,
    start TEXT NOT NULL, acknowledged TEXT
) WITHOUT ROWID
""",
    "CREATE INDEX incidents_of_rule ON incidents (rule, started_ms)",
    """
CREATE TABLE notices (
    alert_id TEXT NOT NULL, receiver TEXT NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL, told TEXT NOT NULL,
    created_ms INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'open', reason TEXT NOT NULL DEFAULT '',
    until_ms INTEGER, told_ms INTEGER, webhook_id TEXT NOT NULL DEFAULT '',
    reminders INTEGER NOT NULL DEFAULT 0, reminded_ms INTEGER,
    PRIMARY KEY (alert_id, receiver, kind)
) WITHOUT ROWID
""",
    "CREATE INDEX notices_open ON notices (created_ms) WHERE status = 'open'",
    "CREATE INDEX notices_told ON notices (receiver, told_ms) WHERE kind = 'firing' AND status = 'told'",
    "CREATE TABLE controls (id TEXT PRIMARY KEY, control TEXT NOT NULL, ends_ms INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE wishes_granted (id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID",
    # Definitions of the first release become the plain facts of `alerting.payload.facts`.
    """
UPDATE rule_states SET definition = json_object(
    'alert', json_extract(definition, '$.alert'), 'group', json_extract(definition, '$.group'),
    'metric', json_extract(definition, '$.metric'), 'bucket', json_extract(definition, '$.bucket'),
    'condition', json_extract(definition, '$.operator') || ' ' || printf('%g', json_extract(definition, '$.threshold')),
    'severity', coalesce(json_extract(definition, '$.labels.severity'), 'warning'),
    'owner', json_extract(definition, '$.owner'),
    'labels', json(coalesce(json_extract(definition, '$.labels'), '{}')),
    'annotations', json(coalesce(json_extract(definition, '$.annotations'), '{}')),
    'receivers', CASE WHEN coalesce(json_extract(definition, '$.receiver'), '') = '' THEN json_array()
                 ELSE json_array(json_extract(definition, '$.receiver')) END)
WHERE json_extract(definition, '$.condition') IS NULL
""",
    # An incident that is open has been told, or its start is in the outbox: its end goes to the same receiver.
    """
INSERT INTO incidents (alert_id, rule, started_ms, start)
SELECT alert_id, rule, coalesce(started_ms, since_ms), coalesce(
    (SELECT json_extract(CAST(body AS TEXT), '$.data') FROM outbox
     WHERE outbox.webhook_id = 'msg_' || rule_states.alert_id || '_firing'),
    json_set(definition, '$.alert_id', alert_id, '$.value', NULL, '$.ended_at', NULL, '$.url', '', '$.started_at',
        strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(started_ms, since_ms) / 1000.0, 'unixepoch')))
FROM rule_states WHERE alert_id != ''
""",
    """
INSERT INTO notices (alert_id, receiver, kind, rule, told, created_ms, status, told_ms, webhook_id)
SELECT i.alert_id, json_extract(s.definition, '$.receivers[0]'), 'firing', i.rule, i.start, i.started_ms, 'told',
    i.started_ms, 'msg_' || i.alert_id || '_firing'
FROM incidents AS i JOIN rule_states AS s USING (alert_id) WHERE json_array_length(s.definition, '$.receivers') > 0
""",
)

ORDER = ("ALTER TABLE rule_states ADD COLUMN place INTEGER NOT NULL DEFAULT 0",)
"""Time alone does not say which of two states of a rule is the later one."""

UNSURE = ("ALTER TABLE notices ADD COLUMN is_unsure INTEGER NOT NULL DEFAULT 0",)
"""Starts of which nobody knows whether another alerter has told them."""
