-- Of several alerters, which one judges: the one that said so last.

CREATE TABLE IF NOT EXISTS northstream.alerters
(
    holder String,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY holder
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
