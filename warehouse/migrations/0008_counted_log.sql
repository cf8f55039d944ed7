-- Which log on Kafka is counted here: offsets and partitions of another one would mean other events and people.

CREATE TABLE IF NOT EXISTS northstream.counted_log
(
    prefix String,
    partitions UInt32,
    bound_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY bound_at
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
