-- What people write down: every edition of a note is a row, the highest version counts, and one that is gone says so.

CREATE TABLE IF NOT EXISTS northstream.annotation_rows
(
    id String,
    version UInt32,
    written_at DateTime64(3, 'UTC'),
    is_gone UInt8 DEFAULT 0,
    day Date,
    kind LowCardinality(String),
    text String,
    metric LowCardinality(String),
    board LowCardinality(String),
    author String
)
ENGINE = MergeTree
ORDER BY (id, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.decision_rows
(
    id String,
    version UInt32,
    written_at DateTime64(3, 'UTC'),
    is_gone UInt8 DEFAULT 0,
    week Date,
    course LowCardinality(String),
    text String,
    metric LowCardinality(String),
    owner String,
    outcome String
)
ENGINE = MergeTree
ORDER BY (id, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.action_rows
(
    id String,
    version UInt32,
    written_at DateTime64(3, 'UTC'),
    is_gone UInt8 DEFAULT 0,
    week Date,
    text String,
    metric LowCardinality(String),
    owner String,
    due Nullable(Date),
    expected_effect String,
    budget Nullable(Decimal(38, 4)),
    status LowCardinality(String),
    closed_on Nullable(Date)
)
ENGINE = MergeTree
ORDER BY (id, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Two editions of the same number, written in two processes at once: the later one, for all readers alike.
CREATE OR REPLACE VIEW northstream.annotations AS
SELECT id, version, written_at, day, kind, text, metric, board, author
FROM
(
    SELECT * FROM northstream.annotation_rows
    ORDER BY version DESC, written_at DESC, cityHash64(*) DESC
    LIMIT 1 BY id
)
WHERE NOT is_gone;

CREATE OR REPLACE VIEW northstream.decisions AS
SELECT id, version, written_at, week, course, text, metric, owner, outcome
FROM
(
    SELECT * FROM northstream.decision_rows
    ORDER BY version DESC, written_at DESC, cityHash64(*) DESC
    LIMIT 1 BY id
)
WHERE NOT is_gone;

CREATE OR REPLACE VIEW northstream.actions AS
SELECT id, version, written_at, week, text, metric, owner, due, expected_effect, budget, status, closed_on
FROM
(
    SELECT * FROM northstream.action_rows
    ORDER BY version DESC, written_at DESC, cityHash64(*) DESC
    LIMIT 1 BY id
)
WHERE NOT is_gone;
