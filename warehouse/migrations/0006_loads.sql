-- Of each partition of a topic the last range that was planned and the last that is loaded, for people who look on.

CREATE OR REPLACE VIEW northstream.loads AS
SELECT topic, partition, state, from_offset, to_offset, token, accepted, flagged, quarantined, put_aside, lines, at
FROM northstream.load_ranges
ORDER BY to_offset DESC, at DESC
LIMIT 1 BY topic, partition, state;
