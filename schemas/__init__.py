"""What things mean: event rows, topics, identity, calendar, tracking plan, definitions.

Imports nothing of ours; every other package meets here.
"""
