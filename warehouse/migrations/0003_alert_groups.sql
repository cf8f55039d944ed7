-- Rules of two groups may share a name: what they tell at the same moment are two rows.

ALTER TABLE northstream.alert_log_rows
    ADD COLUMN IF NOT EXISTS rule_group String AFTER alert_id,
    MODIFY ORDER BY (at, kind, alert_id, alert, receiver, message, status, attempts, to_state, rule_group);

CREATE OR REPLACE VIEW northstream.alert_log AS
SELECT
    at, kind, alert_id, rule_group, alert, metric, bucket, value, condition, severity, owner, receiver,
    from_state, to_state, message, status, attempts, detail, details
FROM northstream.alert_log_rows FINAL
ORDER BY at;
