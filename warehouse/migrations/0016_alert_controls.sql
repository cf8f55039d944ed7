-- What people do to alerts while they run: silences in editions (as notes are), acknowledgements, wishes.

CREATE TABLE IF NOT EXISTS northstream.alert_silence_rows
(
    id String,
    version UInt32,
    written_at DateTime64(3, 'UTC'),
    is_gone UInt8 DEFAULT 0,
    matchers String,
    starts_ms Int64,
    ends_ms Int64,
    author String,
    reason String
)
ENGINE = MergeTree
ORDER BY (id, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.alert_acknowledgement_rows
(
    alert_id String,
    at_ms Int64,
    author String,
    note String
)
ENGINE = MergeTree
ORDER BY (at_ms, alert_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.alert_wish_rows
(
    id String,
    kind LowCardinality(String),
    subject String,
    at_ms Int64,
    receiver String,
    author String
)
ENGINE = MergeTree
ORDER BY (at_ms, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Two editions of the same number, written in two processes at once: the later one, for all readers alike.
-- `matchers` is a JSON list of {"name", "value"}.
CREATE OR REPLACE VIEW northstream.alert_silences AS
SELECT id, version, written_at, matchers, starts_ms, ends_ms, author, reason
FROM
(
    SELECT * FROM northstream.alert_silence_rows
    ORDER BY version DESC, written_at DESC, cityHash64(*) DESC
    LIMIT 1 BY id
)
WHERE NOT is_gone;

-- The first acknowledgement of an incident counts.
CREATE OR REPLACE VIEW northstream.alert_acknowledgements AS
SELECT alert_id, at_ms, author, note
FROM northstream.alert_acknowledgement_rows
ORDER BY at_ms, author, note
LIMIT 1 BY alert_id;

CREATE OR REPLACE VIEW northstream.alert_wishes AS
SELECT id, kind, subject, at_ms, receiver, author
FROM northstream.alert_wish_rows
ORDER BY at_ms, id
LIMIT 1 BY id;
