"""What must be installed before something can be measured.

Does not install it.
"""


class ToolMissing(Exception):
    """A program that the measurement needs is not there; says which and how to get it."""
