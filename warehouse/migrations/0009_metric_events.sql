-- What the metric catalogue reads: the messages of `events`, narrow, in an order that its questions follow.

-- Only what is the same in every copy of a message stands in the key, so that copies meet whatever their times are.
-- `person` is the hash of `person_id`, which the message's own ids give (0 without one), `message` that of its id.
CREATE TABLE IF NOT EXISTS northstream.metric_events
(
    type LowCardinality(String),
    event LowCardinality(String),
    person UInt64,
    message UInt64,
    -- Of several copies the earliest time counts: the engine keeps the highest of this column.
    precedence UInt64 CODEC(Delta, ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(toInt64(9000000000000000 - precedence), 'UTC'),
    person_id String CODEC(ZSTD(1)),
    group_id String CODEC(ZSTD(1)),
    channel LowCardinality(String),
    is_bot Bool,
    -- Of identify and group calls the traits.
    properties String CODEC(ZSTD(1)),
    loaded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    INDEX loaded loaded_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (type, event, person, message)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Where a message came from. One reading of the context for all that is asked of it.
CREATE MATERIALIZED VIEW IF NOT EXISTS northstream.metric_events_feed TO northstream.metric_events AS
WITH
    multiIf(
        user_id != '' AND bitAnd(junk, 1) = 0, concat('u:', user_id),
        anonymous_id != '' AND bitAnd(junk, 2) = 0, concat('d:', anonymous_id),
        ''
    ) AS person_id,
    JSONExtract(
        context, 'Tuple(campaign Tuple(medium String, source String, name String), referrer Tuple(type String))'
    ) AS origin,
    lower(origin.campaign.medium) AS medium
SELECT
    type,
    event,
    if(person_id = '', 0, sipHash64(person_id)) AS person,
    sipHash64(message_id) AS message,
    precedence,
    person_id,
    group_id,
    multiIf(
        type NOT IN ('track', 'page', 'screen'), '',
        JSONExtractString(properties, 'channel') != '', JSONExtractString(properties, 'channel'),
        medium IN ('cpc', 'ppc', 'sem', 'paid', 'paidsearch', 'paid-search'), 'paid_search',
        medium != '', medium,
        origin.campaign.source != '', origin.campaign.source,
        origin.campaign.name != '', origin.campaign.name,
        origin.referrer.type != '', origin.referrer.type,
        'direct'
    ) AS channel,
    is_bot,
    if(type IN ('identify', 'group'), traits, properties) AS properties,
    loaded_at
FROM northstream.events;

-- What was loaded before the view was there; copies of what it has taken meanwhile unite with it.
INSERT INTO northstream.metric_events
    (type, event, person, message, precedence, person_id, group_id, channel, is_bot, properties, loaded_at)
WITH
    multiIf(
        user_id != '' AND bitAnd(junk, 1) = 0, concat('u:', user_id),
        anonymous_id != '' AND bitAnd(junk, 2) = 0, concat('d:', anonymous_id),
        ''
    ) AS person_id,
    JSONExtract(
        context, 'Tuple(campaign Tuple(medium String, source String, name String), referrer Tuple(type String))'
    ) AS origin,
    lower(origin.campaign.medium) AS medium
SELECT
    type,
    event,
    if(person_id = '', 0, sipHash64(person_id)) AS person,
    sipHash64(message_id) AS message,
    precedence,
    person_id,
    group_id,
    multiIf(
        type NOT IN ('track', 'page', 'screen'), '',
        JSONExtractString(properties, 'channel') != '', JSONExtractString(properties, 'channel'),
        medium IN ('cpc', 'ppc', 'sem', 'paid', 'paidsearch', 'paid-search'), 'paid_search',
        medium != '', medium,
        origin.campaign.source != '', origin.campaign.source,
        origin.campaign.name != '', origin.campaign.name,
        origin.referrer.type != '', origin.referrer.type,
        'direct'
    ) AS channel,
    is_bot,
    if(type IN ('identify', 'group'), traits, properties) AS properties,
    loaded_at
FROM northstream.events;

-- When a person was last said to be another one; what stood there before counts as said now.
ALTER TABLE northstream.overrides
    ADD COLUMN IF NOT EXISTS noted_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) DEFAULT now64(3);

ALTER TABLE northstream.overrides MATERIALIZE COLUMN noted_at;
