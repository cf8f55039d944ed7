-- Where every alert rule stands now, written by the alerter for boards that run in a process of their own.

CREATE TABLE IF NOT EXISTS northstream.alert_states
(
    id UInt8 DEFAULT 0,
    at_ms UInt64,
    states String
)
ENGINE = ReplacingMergeTree(at_ms)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
