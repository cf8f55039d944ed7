"""A synthetic project-management company: its history and live traffic, for demo, benchmarks and tests.

Does not know how events are stored or counted: it speaks HTTP like any other product.
"""
