"""How a worker becomes the owner of partitions: claim, then read heads, headers and people, in this order.

Does not apply records. Reading before the claim is durable would let the old owner write on behind our back.
"""

import logging
import time
from collections.abc import Mapping, Sequence

from schemas.checkpoints import CheckpointStore, Head, Header, Owner, Positions, StoreUnavailable
from schemas.log import LogCutShort, LogReader, LogUnavailable
from schemas.replay import History
from schemas.topics import Topic
from stream.core.definitions import Compiled
from stream.core.partition import Partition, passed_in
from stream.forgetting import Passed, Standing
from stream.owned import OwnedPartition
from stream.reaching import CUT_SHORT_PATIENCE_SECONDS, check_positions
from stream.replay import rebuild
from stream.replay_hold import HoldWatch, ReplayUnderWay

_LOOKS_AT_LOADER = 300
_LOADER_PAUSE_SECONDS = 0.2
_LOG_PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


class DefinitionsChanged(RuntimeError):
    """The definitions that shape people and counters have changed, and this worker cannot rebuild them."""


class Taking:
    """Blocking; called in a thread. `history` is what a rebuild reads (None: this worker cannot rebuild).

    `rebuild_asked` makes the next taking a rebuild although the definitions are the same. `hold` tells whether another
    process rebuilds (None: this is the process that does).
    """

    def __init__(
        self,
        definitions: Compiled,
        store: CheckpointStore,
        events: LogReader,
        handoffs: LogReader,
        history: History | None,
        rebuild_asked: bool,
        hold: HoldWatch | None,
    ) -> None:
        self.is_rebuilding = False
        self._hold = hold
        self._rebuild_asked = rebuild_asked
        self._definitions = definitions
        self._store = store
        self._events = events
        self._handoffs = handoffs
        self._history = history

    def take(self, partitions: Sequence[int], nonce: int) -> list[OwnedPartition]:
        """Claim partitions and load what their last checkpoints hold; rebuild it if that was under other definitions.

        Raises:
            DefinitionsChanged, ReplayUnderWay: nothing was claimed: see `why_not`.
            StoreUnavailable: nothing was taken.
            LogCutShort: the log ends before the positions, and records that come now would be passed over.
        """
        taken = self._take(partitions, nonce)
        self._check_reaches({one.number: one.positions for one in taken})
        return taken

    def _check_reaches(self, positions: Mapping[int, Positions]) -> None:
        """While the log cannot tell its ends, what is taken stays taken: every later round asks again."""
        deadline = time.monotonic() + CUT_SHORT_PATIENCE_SECONDS
        while True:
            try:
                events, handoffs = self._events.end_offsets(Topic.EVENTS), self._handoffs.end_offsets(Topic.HANDOFFS)
                return check_positions(positions, events, handoffs)
            except LogUnavailable as error:
                log.warning("the ends of the log are not known now: %s", error)
                return None
            except LogCutShort:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOG_PAUSE_SECONDS)

    def _take(self, partitions: Sequence[int], nonce: int) -> list[OwnedPartition]:
        self._check_free()
        before = self._store.highest_claims(partitions)
        owners = {number: Owner(before[number].epoch + 1 if number in before else 1, nonce) for number in partitions}
        self._store.write_claims(owners)
        heads = self._store.latest_heads(partitions)
        headers = self._store.latest_headers(partitions)
        changed = self._differ(headers)
        if changed or self._rebuild_asked:
            why = "definitions changed" if changed else "a rebuild was asked for"
            log.info("%s: rebuilding people and counters; the numbers so far are served until then", why)
            self.is_rebuilding = True
            try:
                rebuilt = self._rebuild(owners, heads)
            finally:
                self.is_rebuilding = False
            self._rebuild_asked = False
            return rebuilt
        return [self._load(number, owners[number], headers.get(number), heads.get(number)) for number in partitions]

    def why_not(self) -> str | None:
        """Why partitions must not be claimed now; None if they may."""
        try:
            self._check_free()
        except (DefinitionsChanged, ReplayUnderWay) as error:
            return str(error)
        return None

    def _check_free(self) -> None:
        """Raises DefinitionsChanged, ReplayUnderWay. A claim would take the partitions from those who can go on."""
        if self._hold is not None and self._hold.is_held():
            raise ReplayUnderWay("people and counters are being rebuilt; partitions are free once that is done")
        if self._history is None and self._differ(self._store.latest_headers(range(self._events.partitions))):
            raise DefinitionsChanged(
                "people and counters were made under other definitions than this workspace's: run `northstream replay`"
            )

    def _differ(self, headers: Mapping[int, Header]) -> bool:
        return any(header.definitions != self._definitions.digest for header in headers.values())

    def _load(self, number: int, owner: Owner, header: Header | None, head: Head | None) -> OwnedPartition:
        """What the last owner published of the self-watch still holds: nothing is published before its head again."""
        state = Partition(self._definitions)
        watched_ms = head.watched_ms if head else 0
        if header is None:
            starts = Positions(self._events.starts(Topic.EVENTS)[number], self._handoffs.starts(Topic.HANDOFFS)[number])
            floor = head.positions if head else Positions(0, 0)
            return OwnedPartition(number, owner, state, *starts, (), floor, watched_ms=watched_ms)
        state.people.load(self._store.load_people(number, header.lineage))
        state.restore(header.counters)
        positions = header.positions
        durable = Standing(positions, Passed(*passed_in(header.counters)))
        floor = head.positions if head else positions
        return OwnedPartition(
            number, owner, state, *positions, header.lineage, floor, watched_ms=watched_ms, durable=durable
        )

    def _rebuild(self, owners: Mapping[int, Owner], heads: Mapping[int, Head]) -> list[OwnedPartition]:
        """A new generation of state from the warehouse; readers see the old numbers until its first head.

        Hand-offs in the log are left out: all that they carried is in the history, or will be handed off anew.
        """
        if self._history is None or len(owners) < self._events.partitions:
            raise DefinitionsChanged("the definitions that shape people and counters changed: run `northstream replay`")
        starts = self._events.starts(Topic.EVENTS)
        loaded = self._loaded_positions(self._history, heads)
        ends = self._handoffs.end_offsets(Topic.HANDOFFS)
        states = rebuild(self._definitions, self._events.partitions, self._history)
        return [
            OwnedPartition(
                number,
                owner,
                states[number],
                loaded.get(number, starts[number]),
                ends[number],
                (),
                heads[number].positions if number in heads else Positions(0, 0),
                voids_repairs=True,
                carries_restatements=number == min(owners),
                watched_ms=heads[number].watched_ms if number in heads else 0,
            )
            for number, owner in sorted(owners.items())
        ]

    @staticmethod
    def _loaded_positions(history: History, heads: Mapping[int, Head]) -> Mapping[int, int]:
        """Where the history ends; it must hold at least what is published, or boards would go back."""
        for _ in range(_LOOKS_AT_LOADER):
            loaded = history.positions()
            if all(loaded.get(number, 0) >= head.positions.events for number, head in heads.items()):
                return loaded
            time.sleep(_LOADER_PAUSE_SECONDS)
        raise StoreUnavailable("the loader stands behind the published numbers: nothing can be rebuilt yet")
