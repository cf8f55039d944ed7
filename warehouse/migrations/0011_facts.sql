-- What no event knows: spend, cash, cost, heads. A later version of a key replaces the ones before, which all stay.

CREATE TABLE IF NOT EXISTS northstream.facts
(
    fact LowCardinality(String),
    day Date,
    category String,
    channel String,
    source String,
    value Decimal(38, 10),
    uploader String,
    note String,
    version UInt64,
    uploaded_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (fact, day, category, channel, source, version, uploaded_at)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- The facts that count. Two uploads at one instant may have taken the same version: then the later one does.
CREATE OR REPLACE VIEW northstream.current_facts AS
SELECT
    fact, day, category, channel, source,
    newest.1 AS value,
    newest.2 AS uploader,
    newest.3 AS note,
    newest.4 AS version,
    newest.5 AS uploaded_at
FROM
(
    SELECT
        fact, day, category, channel, source,
        argMax((value, uploader, note, version, uploaded_at), (version, uploaded_at)) AS newest
    FROM northstream.facts
    GROUP BY fact, day, category, channel, source
);
