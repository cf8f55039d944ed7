"""The read API and the boards.

Does not compute counters or keep anything: it asks `schemas.reading.Reports`.
"""
