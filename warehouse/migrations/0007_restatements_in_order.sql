-- What comes in one instant is counted up before it is counted down, so that no number goes below what it ever was.

CREATE OR REPLACE VIEW northstream.restatements AS
SELECT
    deltas.metric AS metric,
    toDate(toUInt16(deltas.bucket)) AS day,
    totals.value - sum(deltas.delta) OVER later AS before,
    before + deltas.delta AS after,
    deltas.reason AS reason,
    deltas.cause AS cause,
    fromUnixTimestamp64Milli(deltas.at_ms, 'UTC') AS at
FROM northstream.restatement_deltas AS deltas
LEFT JOIN northstream.counter_totals AS totals ON totals.metric = deltas.metric AND totals.bucket = deltas.bucket
WINDOW later AS (
    PARTITION BY deltas.metric, deltas.bucket
    ORDER BY deltas.at_ms, deltas.delta DESC, deltas.cause
    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
)
ORDER BY at, metric, day, deltas.delta DESC, cause;
