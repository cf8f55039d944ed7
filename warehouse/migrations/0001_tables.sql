-- Each statement can run twice: a migration that was cut short starts again from its first statement.
-- Columns marked EPHEMERAL are what the writers send; they are turned into the stored columns on insert.

CREATE TABLE IF NOT EXISTS northstream.events
(
    message_id String,
    type LowCardinality(String),
    event LowCardinality(String),
    name String,
    user_id String,
    anonymous_id String,
    previous_id String,
    group_id String,
    junk UInt8,
    secret Bool,
    properties String DEFAULT '{}' CODEC(ZSTD(1)),
    context String DEFAULT '{}' CODEC(ZSTD(1)),
    traits String DEFAULT '{}' CODEC(ZSTD(1)),
    violations String DEFAULT '[]' CODEC(ZSTD(1)),
    plan_version LowCardinality(String),
    source LowCardinality(String),
    collector LowCardinality(String),
    seq UInt64,
    occurred_ms Int64 EPHEMERAL,
    received_ms Int64 EPHEMERAL,
    timestamp_ms Nullable(Int64) EPHEMERAL,
    sent_ms Nullable(Int64) EPHEMERAL,
    occurred_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(occurred_ms, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_ms, 'UTC') CODEC(Delta, ZSTD(1)),
    timestamp Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(timestamp_ms, 'UTC'),
    sent_at Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(sent_ms, 'UTC'),
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3),
    is_bot Bool DEFAULT multiSearchAnyCaseInsensitive(
        JSONExtractString(context, 'userAgent'),
        ['bot', 'crawl', 'spider', 'slurp', 'headless', 'lighthouse', 'pingdom', 'phantomjs', 'facebookexternalhit']
    ),
    -- Of several copies the earliest time counts: the engine keeps the highest of this column.
    precedence UInt64 DEFAULT toUInt64(9000000000000000 - toUnixTimestamp64Milli(occurred_at)),
    INDEX occurred occurred_at TYPE minmax GRANULARITY 1,
    INDEX received received_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY message_id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.identity_links
(
    anonymous_id String,
    user_id String,
    message_id String,
    received_ms Int64 EPHEMERAL,
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_ms, 'UTC'),
    partition UInt32,
    log_offset UInt64,
    line UInt32,
    -- The first link of a device in the order of its partition wins: the engine keeps the highest of this column.
    precedence UInt64 DEFAULT 18446744073709551615 - (log_offset * 1048576 + line)
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY anonymous_id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.quarantine_rows
(
    message_id String,
    received_ms Int64 EPHEMERAL,
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_ms, 'UTC'),
    violations String CODEC(ZSTD(1)),
    plan_version LowCardinality(String),
    raw String CODEC(ZSTD(1)),
    type LowCardinality(String),
    event String,
    user_id String,
    anonymous_id String,
    raw_encoding LowCardinality(String) DEFAULT 'utf-8',
    source LowCardinality(String),
    collector LowCardinality(String),
    seq UInt64,
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (collector, seq, message_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Of each partition the last planned and the last done range; totals run from the start of the log.
CREATE TABLE IF NOT EXISTS northstream.load_ranges
(
    topic LowCardinality(String),
    partition UInt32,
    state Enum8('planned' = 1, 'done' = 2),
    from_offset UInt64,
    to_offset UInt64,
    token String,
    accepted UInt64,
    flagged UInt64,
    quarantined UInt64,
    put_aside UInt64,
    lines UInt64,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(to_offset)
ORDER BY (topic, partition, state)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.claims
(
    partition UInt32,
    epoch UInt64,
    nonce UInt64,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (partition, epoch, nonce)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Of each owner the header with its highest version.
CREATE TABLE IF NOT EXISTS northstream.checkpoint_headers
(
    partition UInt32,
    tag Tuple(UInt64, UInt64, UInt64) EPHEMERAL,
    positions Tuple(UInt64, UInt64) EPHEMERAL,
    counters String EPHEMERAL,
    watermark_ms Int64,
    definitions String,
    lineage Array(Tuple(UInt64, UInt64, UInt64)),
    epoch UInt64 DEFAULT tag.1,
    nonce UInt64 DEFAULT tag.2,
    version UInt64 DEFAULT tag.3,
    events_position UInt64 DEFAULT positions.1,
    handoffs_position UInt64 DEFAULT positions.2,
    counter_state String DEFAULT base64Decode(counters) CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (partition, epoch, nonce)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Of each owner the head with its highest version.
CREATE TABLE IF NOT EXISTS northstream.counter_heads
(
    partition UInt32,
    tag Tuple(UInt64, UInt64, UInt64) EPHEMERAL,
    positions Tuple(UInt64, UInt64) EPHEMERAL,
    epoch UInt64 DEFAULT tag.1,
    nonce UInt64 DEFAULT tag.2,
    version UInt64 DEFAULT tag.3,
    events_position UInt64 DEFAULT positions.1,
    handoffs_position UInt64 DEFAULT positions.2,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (partition, epoch, nonce)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.counters
(
    partition UInt32,
    tag Tuple(UInt64, UInt64, UInt64) EPHEMERAL,
    metric LowCardinality(String),
    bucket Int32,
    value Int64,
    epoch UInt64 DEFAULT tag.1,
    nonce UInt64 DEFAULT tag.2,
    version UInt64 DEFAULT tag.3
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (partition, epoch, nonce, metric, bucket)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- People, funnel entries and restatements are never replaced in place: a frozen owner that wakes up would
-- destroy good rows. A row counts only if it lies on the lineage of its partition's latest header.
CREATE TABLE IF NOT EXISTS northstream.people
(
    partition UInt32,
    person_id String,
    tag Tuple(UInt64, UInt64, UInt64) EPHEMERAL,
    state String EPHEMERAL,
    moved_to String,
    first_seen_ms Nullable(Int64) EPHEMERAL,
    last_seen_ms Nullable(Int64) EPHEMERAL,
    active_days UInt32,
    signed_up_ms Nullable(Int64) EPHEMERAL,
    activated_ms Nullable(Int64) EPHEMERAL,
    user_ids Array(String),
    anonymous_ids Array(String),
    epoch UInt64 DEFAULT tag.1,
    nonce UInt64 DEFAULT tag.2,
    version UInt64 DEFAULT tag.3,
    snapshot String DEFAULT base64Decode(state) CODEC(ZSTD(1)),
    first_seen Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(first_seen_ms, 'UTC'),
    last_seen Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(last_seen_ms, 'UTC'),
    signed_up_at Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(signed_up_ms, 'UTC'),
    activated_at Nullable(DateTime64(3, 'UTC')) DEFAULT fromUnixTimestamp64Milli(activated_ms, 'UTC')
)
ENGINE = MergeTree
ORDER BY (partition, person_id, epoch, nonce, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.funnel_entries
(
    partition UInt32,
    person_id String,
    funnel LowCardinality(String),
    day Int32,
    tag Tuple(UInt64, UInt64, UInt64) EPHEMERAL,
    times_ms Array(Int64),
    epoch UInt64 DEFAULT tag.1,
    nonce UInt64 DEFAULT tag.2,
    version UInt64 DEFAULT tag.3
)
ENGINE = MergeTree
ORDER BY (partition, funnel, person_id, day, epoch, nonce, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.restatement_rows
(
    partition UInt32,
    tag Tuple(UInt64, UInt64, UInt64) EPHEMERAL,
    metric LowCardinality(String),
    bucket Int32,
    cause String,
    reason LowCardinality(String),
    delta Int64,
    at_ms Int64,
    epoch UInt64 DEFAULT tag.1,
    nonce UInt64 DEFAULT tag.2,
    version UInt64 DEFAULT tag.3
)
ENGINE = MergeTree
ORDER BY (metric, bucket, cause, partition, epoch, nonce, version)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Moves only go down in the total order and always to a user, so the smallest target is the truth.
CREATE TABLE IF NOT EXISTS northstream.overrides
(
    person_id String,
    united_into SimpleAggregateFunction(min, String)
)
ENGINE = AggregatingMergeTree
ORDER BY person_id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.identity_warnings
(
    kind LowCardinality(String),
    message_id String,
    subject String,
    detail String,
    at_ms Int64 EPHEMERAL,
    at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, message_id, subject)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Transitions and deliveries of alerts; a row offered twice is one row. `details` holds other fields, as JSON.
CREATE TABLE IF NOT EXISTS northstream.alert_log_rows
(
    at_ms Int64 EPHEMERAL,
    at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(at_ms, 'UTC'),
    kind LowCardinality(String),
    alert_id String,
    alert String,
    metric LowCardinality(String),
    bucket LowCardinality(String),
    value Nullable(Float64),
    condition String,
    severity LowCardinality(String),
    owner String,
    receiver String,
    from_state LowCardinality(String),
    to_state LowCardinality(String),
    message String,
    status LowCardinality(String),
    attempts UInt32,
    detail String,
    details String DEFAULT '{}'
)
ENGINE = ReplacingMergeTree
ORDER BY (at, kind, alert_id, alert, receiver, message, status, attempts, to_state)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Facts of the workspace that views need; the row with the highest generation counts.
CREATE TABLE IF NOT EXISTS northstream.workspace
(
    generation UInt64,
    timezone String,
    definitions String,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY generation
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS northstream.funnel_steps
(
    generation UInt64,
    funnel_id String,
    step UInt8,
    name String
)
ENGINE = MergeTree
ORDER BY (generation, funnel_id, step)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
