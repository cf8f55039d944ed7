"""HTTP in, log out: takes product events, checks them and appends them durably before it answers.

Does not count, store or query anything; see `stream` and `warehouse`.
"""
