-- The values of the metric catalogue as published. Metrics that the stream counts are not here: views read its counters.

-- Written by whoever keeps points fresh; the same value computed twice is the same row.
-- `was_over`: it was published after its bucket was over, so that another value is a restatement.
CREATE TABLE IF NOT EXISTS northstream.metric_point_rows
(
    metric LowCardinality(String),
    version UInt32,
    grain LowCardinality(String),
    bucket Date,
    numerator Nullable(Decimal(38, 10)),
    denominator Nullable(Decimal(38, 10)),
    value Nullable(Decimal(38, 10)),
    is_maturing Bool,
    was_over Bool,
    computed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (metric, version, grain, bucket)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Which version of a metric's definition counts since when: the one that was noted last.
CREATE TABLE IF NOT EXISTS northstream.metric_versions
(
    metric LowCardinality(String),
    version UInt32,
    definition String,
    since Date,
    noted_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(noted_at)
ORDER BY (metric, version, definition)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Changes of values whose bucket was over when they were published, numbered by bucket.
CREATE TABLE IF NOT EXISTS northstream.metric_restatement_rows
(
    metric LowCardinality(String),
    version UInt32,
    grain LowCardinality(String),
    bucket Date,
    ordinal UInt32,
    before Nullable(Decimal(38, 10)),
    after Nullable(Decimal(38, 10)),
    reason LowCardinality(String),
    cause String,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (metric, grain, bucket, version, ordinal)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE OR REPLACE VIEW northstream.current_metric_versions AS
SELECT metric, argMax(version, noted_at) AS version
FROM northstream.metric_versions
GROUP BY metric;

-- Values of days by the definition that counts now; those that the stream counts come from its counters at once.
CREATE OR REPLACE VIEW northstream.metric_points AS
SELECT metric, day, value, exact, numerator, denominator, version, is_maturing, computed_at
FROM
(
    SELECT
        point.1 AS metric,
        day,
        point.2 AS value,
        CAST(NULL, 'Nullable(Decimal(38, 10))') AS exact,
        toDecimal128(point.3, 10) AS numerator,
        toDecimal128(point.4, 10) AS denominator,
        toUInt32(1) AS version,
        false AS is_maturing,
        CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS computed_at
    FROM
    (
        SELECT
            day,
            arrayJoin([
                ('dau', toNullable(toFloat64(dau)), dau, CAST(NULL, 'Nullable(UInt64)')),
                ('wau', toNullable(toFloat64(wau)), wau, NULL),
                ('mau', toNullable(toFloat64(mau)), mau, NULL),
                ('stickiness', dau / nullIf(mau, 0), dau, mau),
                ('signups', toNullable(toFloat64(signups)), signups, NULL),
                ('activated', toNullable(toFloat64(activated)), activated, NULL),
                ('activation_rate', activated / nullIf(signups, 0), activated, signups),
                ('activations', toNullable(toFloat64(activations)), activations, NULL)
            ]) AS point
        FROM northstream.daily_counters
    )
    UNION ALL
    SELECT
        metric,
        bucket AS day,
        toFloat64(value) AS value,
        rows.value AS exact,
        numerator,
        denominator,
        version,
        is_maturing,
        toNullable(computed_at) AS computed_at
    FROM northstream.metric_point_rows AS rows FINAL
    WHERE grain = 'day' AND (metric, version) IN (SELECT metric, version FROM northstream.current_metric_versions)
)
ORDER BY metric, day;

-- Of the stream's counters running totals that end at the number as known now; of other metrics what was published.
CREATE OR REPLACE VIEW northstream.restatements AS
SELECT metric, day, before, after, reason, cause, at
FROM
(
    SELECT
        deltas.metric AS metric,
        toDate(toUInt16(deltas.bucket)) AS day,
        toNullable(toDecimal128(totals.value - sum(deltas.delta) OVER later, 10)) AS before,
        toNullable(before + toDecimal128(deltas.delta, 10)) AS after,
        deltas.reason AS reason,
        deltas.cause AS cause,
        fromUnixTimestamp64Milli(deltas.at_ms, 'UTC') AS at,
        deltas.delta AS delta
    FROM northstream.restatement_deltas AS deltas
    LEFT JOIN northstream.counter_totals AS totals ON totals.metric = deltas.metric AND totals.bucket = deltas.bucket
    WINDOW later AS (
        PARTITION BY deltas.metric, deltas.bucket
        ORDER BY deltas.at_ms, deltas.delta DESC, deltas.cause
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    )
    UNION ALL
    SELECT metric, bucket AS day, before, after, reason, cause, at, toInt64(ordinal) AS delta
    FROM northstream.metric_restatement_rows FINAL
    WHERE grain = 'day'
)
ORDER BY at, metric, day, delta DESC, cause;
