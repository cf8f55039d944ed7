"""Threshold alerts: judge rules on the published counters, deliver signed webhooks, once at start and once at end.

Does not query the warehouse: values come from a callable handed in.
"""
