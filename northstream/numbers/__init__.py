"""What alert rules are told of their subjects: where each number comes from, and how it is looked up in time.

Does not judge: see `alerting`. `northstream.alert_values` puts the parts together.
"""
