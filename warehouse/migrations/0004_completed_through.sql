-- Up to which moment everything received is counted and loaded: what was once said must hold after a restart too.

CREATE TABLE IF NOT EXISTS northstream.completed_through
(
    id UInt8 DEFAULT 0,
    through_ms UInt64
)
ENGINE = ReplacingMergeTree(through_ms)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
