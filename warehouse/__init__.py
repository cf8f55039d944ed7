"""ClickHouse, embedded or served: tables and views, the loader, the stores of people and counters, reports.

Does not receive events and does not compute counters: bytes come from the log, numbers from the stream.
"""
