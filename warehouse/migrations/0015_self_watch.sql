-- When the last event of the self-watch was sent (Unix ms) that a head's counters have seen, or that is loaded up to the end
-- of a range; 0: none. Such events have no rows of their own anywhere.

ALTER TABLE northstream.counter_heads ADD COLUMN IF NOT EXISTS watched_ms UInt64;

ALTER TABLE northstream.load_ranges ADD COLUMN IF NOT EXISTS watched_ms UInt64;
