"""The pure heart of the stream: what messages mean for people and counters.

Imports `schemas` and nothing else: no Kafka, clock, disk, randomness or logging; time is an argument.
"""
