-- What alert rules ask about the data: refused messages by the time of receipt, and copies by the day.

ALTER TABLE northstream.quarantine_rows
    ADD INDEX IF NOT EXISTS received received_at TYPE minmax GRANULARITY 1;

ALTER TABLE northstream.quarantine_rows MATERIALIZE INDEX received;

-- The total of copies as it was on a day: `first_total` when the day was first looked at and all was settled.
CREATE TABLE IF NOT EXISTS northstream.duplicate_marks
(
    day Date,
    first_total SimpleAggregateFunction(min, Nullable(UInt64)),
    last_total SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY day
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
