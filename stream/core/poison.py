"""Which records of a partition were left behind because they cannot be applied, and when that is too many.

Does not decide what can be applied. It is part of the checkpoint, so that a restart does not begin to count anew.
"""


class TooMuchPoison(RuntimeError):
    """So many of the latest records cannot be read that going on would drain the topic: something released is wrong.

    Mend that, or raise the limit to leave them behind.
    """


class LeftBehind:
    """By topic the offsets of records left behind, as far as the window reaches."""

    def __init__(self, offsets: dict[str, list[int]] | None = None) -> None:
        self.offsets = offsets or {}

    def note(self, topic: str, offset: int, limit: int, window: int) -> None:
        """Leave one more behind.

        Raises:
            TooMuchPoison: it would be more than `limit` of the latest `window` records; nothing is noted.
        """
        recent = [one for one in self.offsets.get(topic, ()) if one > offset - window]
        if len(recent) >= limit:
            raise TooMuchPoison(
                f"{len(recent) + 1} of the latest {window} records of {topic} cannot be read, up to offset {offset}:"
                " mend what writes them, or raise POISON_LIMIT"
            )
        self.offsets[topic] = [*recent, offset]
