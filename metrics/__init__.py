"""The numbers of the KPI catalogue: from events, subscriptions and facts to what boards and the read API show.

Does not read files, serve HTTP or own a database connection: definitions come from `schemas`, queries are handed in.
"""
