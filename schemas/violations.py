"""The closed list of tracking-plan violations and what each leads to.

Does not check anything: see `ingest.plan_checks`.
"""

from enum import StrEnum


class Rule(StrEnum):
    """Names of violations, as they appear in replies, quarantine, counters and tests."""

    UNPLANNED_EVENT = "unplanned event"
    UNKNOWN_VERB = "unknown verb"
    UNKNOWN_OBJECT = "unknown object"
    MISSING_REQUIRED = "missing required"
    WRONG_TYPE = "wrong type"
    OUT_OF_RANGE = "not in enum / out of range"
    ADDITIONAL_PROPERTY = "additional property"
    BAD_VERSION = "bad version"
    BAD_TIME = "bad time"
    TOO_LARGE = "too large"


QUARANTINING = frozenset((Rule.MISSING_REQUIRED, Rule.WRONG_TYPE, Rule.TOO_LARGE))
"""These always quarantine. `bad time` quarantines when the time is out of bounds and flags when it was unreadable;
names that are not in the plan quarantine in mode `strict`; every other rule flags."""
