-- Values of days, ISO weeks and months side by side, for tools that ask in SQL; `bucket` is the first day of each.
-- Of what the stream counts, actives are those of a bucket's last day, counts are sums, rates come from sums.
CREATE OR REPLACE VIEW northstream.metric_buckets AS
SELECT metric, grain, bucket, value, numerator, denominator, version, is_maturing
FROM
(
    SELECT
        point.1 AS metric,
        grain,
        bucket,
        if(point.4, point.2 / nullIf(point.3, 0), toNullable(toFloat64(point.2))) AS value,
        toNullable(toDecimal128(point.2, 10)) AS numerator,
        if(point.4, toNullable(toDecimal128(point.3, 10)), NULL) AS denominator,
        toUInt32(1) AS version,
        false AS is_maturing
    FROM
    (
        SELECT
            grain,
            bucket,
            arrayJoin([
                ('dau', last_dau, toUInt64(0), false),
                ('wau', last_wau, toUInt64(0), false),
                ('mau', last_mau, toUInt64(0), false),
                ('stickiness', last_dau, last_mau, true),
                ('signups', all_signups, toUInt64(0), false),
                ('activated', all_activated, toUInt64(0), false),
                ('activation_rate', all_activated, all_signups, true),
                ('activations', all_activations, toUInt64(0), false)
            ]) AS point
        FROM
        (
            SELECT
                grain,
                multiIf(grain = 'week', toMonday(day), grain = 'month', toStartOfMonth(day), day) AS bucket,
                argMax(dau, day) AS last_dau,
                argMax(wau, day) AS last_wau,
                argMax(mau, day) AS last_mau,
                sum(signups) AS all_signups,
                sum(activated) AS all_activated,
                sum(activations) AS all_activations
            FROM northstream.daily_counters
            ARRAY JOIN ['day', 'week', 'month'] AS grain
            GROUP BY grain, bucket
        )
    )
    UNION ALL
    SELECT metric, grain, bucket, toFloat64(rows.value) AS value, numerator, denominator, version, is_maturing
    FROM northstream.metric_point_rows AS rows FINAL
    WHERE (metric, version) IN (SELECT metric, version FROM northstream.current_metric_versions)
)
ORDER BY metric, grain, bucket;
