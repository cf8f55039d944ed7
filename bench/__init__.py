"""Measures NorthStream on the machine it runs on: `make bench`, or `make bench ONLY=collector`.

Does not assert anything: numbers are compared with the goals in docs/benchmarks.md by people.
"""
