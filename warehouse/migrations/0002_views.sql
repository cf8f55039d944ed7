-- De-duplication and the rules of ownership live here, so that no query has to know them.

-- Stretches of rows that count: those of the latest header of each partition. Along a lineage
-- `base` + version rises, so that the newest of several rows is the one with the highest rank.
CREATE OR REPLACE VIEW northstream.lineage_segments AS
SELECT
    partition,
    segment.1.1 AS epoch,
    segment.1.2 AS nonce,
    segment.1.3 AS up_to,
    bitShiftLeft(toUInt64(segment.2), 44) AS base
FROM
(
    SELECT
        partition,
        argMax(lineage, (epoch, nonce, version)) AS latest,
        arrayJoin(arrayZip(latest, arrayEnumerate(latest))) AS segment
    FROM northstream.checkpoint_headers
    GROUP BY partition
);

-- The owner of each partition whose counters count: the highest that has published a head.
CREATE OR REPLACE VIEW northstream.publishing_owners AS
SELECT
    partition,
    max((epoch, nonce)) AS owner
FROM northstream.counter_heads
GROUP BY partition;

-- The streaming counters as published, summed over partitions; `bucket` is the day number.
CREATE OR REPLACE VIEW northstream.counter_totals AS
SELECT
    metric,
    bucket,
    sum(share) AS value
FROM
(
    SELECT
        partition,
        metric,
        bucket,
        argMax(value, version) AS share
    FROM northstream.counters
    WHERE (partition, (epoch, nonce)) IN (SELECT partition, owner FROM northstream.publishing_owners)
    GROUP BY partition, epoch, nonce, metric, bucket
)
GROUP BY metric, bucket;

-- While the view is created the scalar subquery is an empty string, which is no time zone.
CREATE OR REPLACE VIEW northstream.today AS
WITH (SELECT argMax(timezone, generation) FROM northstream.workspace) AS timezone
SELECT toDate(now64(3), if(timezone = '', 'UTC', timezone)) AS day;

-- Every day from the first with data to today; none while there is no data.
CREATE OR REPLACE VIEW northstream.days AS
SELECT toDate(toUInt16(arrayJoin(range(toUInt32(first), toUInt32(last) + 1)))) AS day
FROM
(
    SELECT
        min(bucket) AS first,
        toInt32(any((SELECT toUInt16(day) FROM northstream.today))) AS last
    FROM northstream.counter_totals
    WHERE value > 0 AND (metric IN ('dau', 'wau', 'mau', 'signups') OR startsWith(metric, 'funnel:'))
    HAVING count() > 0 AND first <= last
);

-- The day counters side by side, 0 where there is nothing.
CREATE OR REPLACE VIEW northstream.daily_counters AS
SELECT
    days.day AS day,
    toUInt64(greatest(totals.dau, 0)) AS dau,
    toUInt64(greatest(totals.wau, 0)) AS wau,
    toUInt64(greatest(totals.mau, 0)) AS mau,
    toUInt64(greatest(totals.signups, 0)) AS signups,
    toUInt64(greatest(totals.activated, 0)) AS activated,
    toUInt64(greatest(totals.activations, 0)) AS activations
FROM northstream.days AS days
LEFT JOIN
(
    SELECT
        toDate(toUInt16(bucket)) AS day,
        sumIf(value, metric = 'dau') AS dau,
        sumIf(value, metric = 'wau') AS wau,
        sumIf(value, metric = 'mau') AS mau,
        sumIf(value, metric = 'signups') AS signups,
        sumIf(value, metric = 'activated') AS activated,
        sumIf(value, metric = 'activations') AS activations
    FROM northstream.counter_totals
    WHERE metric IN ('dau', 'wau', 'mau', 'signups', 'activated', 'activations') AND bucket >= 0
    GROUP BY bucket
) AS totals ON totals.day = days.day;

CREATE OR REPLACE VIEW northstream.dau AS
SELECT day, dau AS value FROM northstream.daily_counters ORDER BY day;

CREATE OR REPLACE VIEW northstream.wau AS
SELECT day, wau AS value FROM northstream.daily_counters ORDER BY day;

CREATE OR REPLACE VIEW northstream.mau AS
SELECT day, mau AS value FROM northstream.daily_counters ORDER BY day;

CREATE OR REPLACE VIEW northstream.stickiness AS
SELECT day, dau / nullIf(mau, 0) AS value FROM northstream.daily_counters ORDER BY day;

CREATE OR REPLACE VIEW northstream.activation AS
SELECT day, signups, activated, activated / nullIf(signups, 0) AS rate FROM northstream.daily_counters ORDER BY day;

CREATE OR REPLACE VIEW northstream.funnel AS
SELECT
    steps.funnel_id AS funnel_id,
    steps.day AS day,
    steps.step AS step,
    steps.name AS name,
    toUInt64(greatest(totals.value, 0)) AS entries
FROM
(
    SELECT funnel_id, step, name, day, concat('funnel:', funnel_id, ':', toString(step)) AS metric
    FROM northstream.funnel_steps
    CROSS JOIN northstream.days
    WHERE generation = (SELECT max(generation) FROM northstream.workspace)
) AS steps
LEFT JOIN
(
    SELECT metric, toDate(toUInt16(bucket)) AS day, value
    FROM northstream.counter_totals
    WHERE startsWith(metric, 'funnel:') AND bucket >= 0
) AS totals ON totals.metric = steps.metric AND totals.day = steps.day
ORDER BY funnel_id, day, step;

-- A view until metrics exist that are not streaming counters.
CREATE OR REPLACE VIEW northstream.metric_points AS
SELECT point.1 AS metric, day, point.2 AS value
FROM
(
    SELECT
        day,
        arrayJoin([
            ('dau', toNullable(toFloat64(dau))),
            ('wau', toNullable(toFloat64(wau))),
            ('mau', toNullable(toFloat64(mau))),
            ('stickiness', dau / nullIf(mau, 0)),
            ('signups', toNullable(toFloat64(signups))),
            ('activated', toNullable(toFloat64(activated))),
            ('activation_rate', activated / nullIf(signups, 0)),
            ('activations', toNullable(toFloat64(activations)))
        ]) AS point
    FROM northstream.daily_counters
)
ORDER BY metric, day;

CREATE OR REPLACE VIEW northstream.current_overrides AS
SELECT person_id, min(united_into) AS united_into
FROM northstream.overrides
GROUP BY person_id;

CREATE OR REPLACE VIEW northstream.events_resolved AS
SELECT
    stored.message_id AS message_id,
    stored.type AS type,
    stored.event AS event,
    if(targets.united_into = '', stored.own_person, targets.united_into) AS person_id,
    stored.user_id AS user_id,
    stored.anonymous_id AS anonymous_id,
    stored.occurred_at AS occurred_at,
    stored.received_at AS received_at,
    stored.properties AS properties,
    stored.context AS context
FROM
(
    SELECT
        message_id, type, event, user_id, anonymous_id, occurred_at, received_at, properties, context,
        multiIf(
            user_id != '' AND bitAnd(junk, 1) = 0, concat('u:', user_id),
            anonymous_id != '' AND bitAnd(junk, 2) = 0, concat('d:', anonymous_id),
            ''
        ) AS own_person
    FROM northstream.events FINAL
) AS stored
LEFT JOIN northstream.current_overrides AS targets ON targets.person_id = stored.own_person;

-- The newest row of each person that counts; moved people included.
CREATE OR REPLACE VIEW northstream.people_on_lineage AS
SELECT
    people.partition AS partition,
    people.person_id AS person_id,
    argMax(
        (moved_to, first_seen, last_seen, active_days, signed_up_at, activated_at, user_ids, anonymous_ids),
        segments.base + people.version
    ) AS newest
FROM northstream.people AS people
INNER JOIN northstream.lineage_segments AS segments
    ON segments.partition = people.partition AND segments.epoch = people.epoch AND segments.nonce = people.nonce
WHERE people.version <= segments.up_to
GROUP BY people.partition, people.person_id;

CREATE OR REPLACE VIEW northstream.persons AS
SELECT
    person_id,
    newest.7 AS user_ids,
    newest.8 AS anonymous_ids,
    newest.2 AS first_seen,
    newest.3 AS last_seen,
    newest.4 AS active_days,
    newest.5 AS signed_up_at,
    newest.6 AS activated_at
FROM northstream.people_on_lineage
WHERE newest.1 = '';

-- The newest row of each funnel entry that counts; entries that are gone are left out.
CREATE OR REPLACE VIEW northstream.funnel_entries_on_lineage AS
SELECT
    entries.partition AS partition,
    entries.person_id AS person_id,
    entries.funnel AS funnel,
    entries.day AS day,
    argMax(entries.times_ms, segments.base + entries.version) AS times_ms
FROM northstream.funnel_entries AS entries
INNER JOIN northstream.lineage_segments AS segments
    ON segments.partition = entries.partition AND segments.epoch = entries.epoch AND segments.nonce = entries.nonce
WHERE entries.version <= segments.up_to
GROUP BY entries.partition, entries.person_id, entries.funnel, entries.day
HAVING notEmpty(times_ms);

-- Net changes of published numbers by cause; what cancels out between partitions (a merge) is gone.
CREATE OR REPLACE VIEW northstream.restatement_deltas AS
SELECT
    metric,
    bucket,
    cause,
    any(reason) AS reason,
    sum(delta) AS delta,
    max(at_ms) AS at_ms
FROM
(
    SELECT
        rows.metric AS metric,
        rows.bucket AS bucket,
        rows.cause AS cause,
        rows.reason AS reason,
        any(rows.delta) AS delta,
        any(rows.at_ms) AS at_ms
    FROM northstream.restatement_rows AS rows
    INNER JOIN northstream.lineage_segments AS segments
        ON segments.partition = rows.partition AND segments.epoch = rows.epoch AND segments.nonce = rows.nonce
    WHERE rows.version <= segments.up_to
    GROUP BY rows.partition, rows.epoch, rows.nonce, rows.version, rows.metric, rows.bucket, rows.cause, rows.reason
)
GROUP BY metric, bucket, cause
HAVING delta != 0;

-- Running totals that end at the number as known now.
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
    ORDER BY deltas.at_ms, deltas.cause
    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
)
ORDER BY at, metric, day, cause;

CREATE OR REPLACE VIEW northstream.quarantine AS
SELECT
    message_id, type, event, user_id, anonymous_id, received_at, violations, plan_version, raw, raw_encoding, source
FROM northstream.quarantine_rows FINAL;

CREATE OR REPLACE VIEW northstream.alert_log AS
SELECT
    at, kind, alert_id, alert, metric, bucket, value, condition, severity, owner, receiver,
    from_state, to_state, message, status, attempts, detail, details
FROM northstream.alert_log_rows FINAL
ORDER BY at;
