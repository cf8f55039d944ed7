"""Whether the log still reaches as far as it was read: one that ends earlier has lost records, or is another one.

Does not read headers or logs; whoever asks has read the ends after the positions.
"""

from collections.abc import Mapping

from schemas.checkpoints import Positions
from schemas.log import check_reaches
from schemas.topics import Topic

CUT_SHORT_PATIENCE_SECONDS = 1.0
"""How long an end may lie before a position: the new leader of a partition does not know at once how far it reaches.

Not longer: meanwhile a log that has lost records may grow past the position, and nobody would notice."""


def check_positions(positions: Mapping[int, Positions], events: Mapping[int, int], handoffs: Mapping[int, int]) -> None:
    """Hold positions by partition against the ends of both topics. Raises LogCutShort."""
    check_reaches(Topic.EVENTS, events, {number: at.events for number, at in positions.items()})
    check_reaches(Topic.HANDOFFS, handoffs, {number: at.handoffs for number, at in positions.items()})
