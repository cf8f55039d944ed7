"""The messages of one request sorted: stored ones by partition, links, quarantined ones, verdicts.

Does not append: what comes out are portions for `ingest.packer` and what to remember once they are durable.
"""

from collections.abc import Sequence
from typing import Any

from ingest.arrival import Arrival
from ingest.auth import Grant
from ingest.blocks import Portion, portions
from ingest.findings import Findings, Judgement, found, judged
from ingest.limits import Limits
from ingest.links import AppendedLinks, Link, link_of
from ingest.message_ids import RecentIds, mint
from ingest.messages import Message
from ingest.steps import build_steps
from ingest.telemetry import Telemetry
from ingest.verdicts import DUPLICATE, FLAGGED, QUARANTINED, Violations, verdict
from ingest.watch import watch_portions
from schemas.definitions import Workspace
from schemas.identity import USER_IS_JUNK
from schemas.partitioning import device_partition, user_partition
from schemas.rows import EventRow, LinkRow, QuarantineRow
from schemas.topics import Kind, Topic
from schemas.violations import Rule

QUARANTINE_PARTITION = 0


class Sorted:
    """What one request comes to.

    `violations` are those of flagged messages by their place in the request, `broken` counts the rules that messages
    broke together. `fresh` are hashes of the ids that were
    not remembered before it, `links` what it appends. `minted` are (place in the request, new id).
    `watched`: all of it is the self-watch's, and nothing else is in it.
    """

    __slots__ = (
        "broken",
        "fresh",
        "link_rows",
        "links",
        "minted",
        "places",
        "quarantine",
        "stored",
        "verdicts",
        "violations",
        "watched",
    )

    def __init__(self) -> None:
        self.stored: list[EventRow] = []
        self.places: list[int] = []
        self.violations: dict[int, Violations] = {}
        self.broken: dict[tuple[str, ...], int] = {}
        self.quarantine: list[QuarantineRow] = []
        self.links: set[Link] = set()
        self.link_rows: list[LinkRow] = []
        self.fresh: list[int] = []
        self.minted: list[tuple[int, str]] = []
        self.verdicts: dict[int, dict[str, Any]] = {}
        self.watched: list[Portion] | None = None


class Sorter:
    """Runs the steps over messages; holds what is remembered between requests."""

    def __init__(
        self, workspace: Workspace, partitions: int, collector_id: str, limits: Limits, telemetry: Telemetry
    ) -> None:
        self._steps = build_steps(workspace)
        self._plan_version = workspace.plan.version
        self._partitions = partitions
        self._collector = collector_id
        self._event_bytes = limits.event_bytes
        most = f"a message holds at most {limits.event_bytes} bytes, the context of its batch included"
        self._too_large = (found(Rule.TOO_LARGE, "", most),)
        self._telemetry = telemetry
        self._recent = RecentIds(limits.remembered_messages)
        self._appended = AppendedLinks(limits.remembered_links)
        self._sequence = 0

    def sort(self, messages: Sequence[Message], arrival: Arrival, grant: Grant) -> Sorted:
        """Examine every message on its own: what is wrong with one leaves its neighbours alone.

        The context of the batch counts towards the size of each message, since each row holds it.
        """
        out = Sorted()
        if grant.watches:
            out.watched = watch_portions(messages, arrival, self._partitions)
            return out
        self._examine(messages, arrival, grant, out)
        for rules, times in out.broken.items():
            for rule in rules:
                self._telemetry.violations.labels(rule).inc(times)
        self._find_links(out)
        self._find_copies(out)
        return out

    def portions(self, out: Sorted) -> list[Portion]:
        """Everything to append, encoded; lines of one partition keep the order of the request."""
        if out.watched:
            return out.watched
        count = self._partitions
        parts: list[Portion] = []
        links: list[list[LinkRow]] = [[] for _ in range(count)]
        for line in out.link_rows:
            links[device_partition(line.anonymous_id, count)].append(line)
        events: list[list[EventRow]] = [[] for _ in range(count)]
        for row in out.stored:
            user = row.user_id
            if user and not row.junk & USER_IS_JUNK:
                events[user_partition(user, count)].append(row)
            else:
                events[device_partition(row.anonymous_id, count)].append(row)
        for partition in range(count):
            if links[partition]:
                parts += portions(Topic.EVENTS, partition, Kind.LINKS, links[partition])
            if events[partition]:
                parts += portions(Topic.EVENTS, partition, Kind.EVENTS, events[partition])
        if out.quarantine:
            parts += portions(Topic.QUARANTINE, QUARANTINE_PARTITION, Kind.QUARANTINE, out.quarantine)
        return parts

    def appended(self, out: Sorted) -> None:
        """It is durable: its links need not be appended again."""
        if out.links:
            self._appended.add(out.links)

    def failed(self, out: Sorted) -> None:
        """Nothing was promised: a retry is no copy."""
        self._recent.forget(out.fresh)

    def _examine(self, messages: Sequence[Message], arrival: Arrival, grant: Grant, out: Sorted) -> None:
        steps, event_bytes = self._steps, self._event_bytes
        received_ms, secret, source = arrival.received_ms, grant.secret, grant.source
        collector, plan_version = self._collector, self._plan_version
        first = sequence = self._sequence
        whole, bare = arrival, arrival.without_context()
        room = event_bytes - len(arrival.context.raw) if arrival.context.values else event_bytes
        for message in messages:
            sequence += 1
            row = EventRow(
                "",
                "",
                0,
                received_ms,
                secret=secret,
                plan_version=plan_version,
                source=source,
                collector=collector,
                seq=sequence,
            )
            item = message.item
            findings: Findings = ()
            is_too_large = len(message.raw) > room
            arrival = bare if is_too_large else whole
            if message.is_readable:
                for step in steps:
                    more = step(item, row, arrival)
                    if more:
                        findings += more
            else:
                row.message_id = mint(received_ms)
            if message.trouble:
                findings = (found(Rule.WRONG_TYPE, "", message.trouble), *findings)
            if is_too_large:
                findings = self._too_large + findings
            if item.message_id is not row.message_id and str(item.message_id) != row.message_id:
                out.minted.append((sequence - first - 1, row.message_id))
            if findings and _judge(row, message, findings, sequence - first - 1, out):
                continue
            out.stored.append(row)
            out.places.append(sequence - first - 1)
        self._sequence = sequence

    def _find_links(self, out: Sorted) -> None:
        appended, links = self._appended, out.links
        for row in out.stored:
            link = link_of(row)
            if link is not None and link not in appended and link not in links:
                links.add(link)
                out.link_rows.append(LinkRow(link[0], link[1], row.message_id, row.received_ms))

    def _find_copies(self, out: Sorted) -> None:
        fresh, copies = self._recent.remember([row.message_id for row in out.stored])
        out.fresh = fresh
        for index in copies:
            place = out.places[index]
            out.verdicts[place] = verdict(out.stored[index].message_id, DUPLICATE, out.violations.get(place, ()))


def _judge(row: EventRow, message: Message, findings: Findings, place: int, out: Sorted) -> bool:
    """Flag or quarantine a message; whether it is kept out."""
    judgement = judged(findings)
    out.broken[judgement.rules] = out.broken.get(judgement.rules, 0) + 1
    if judgement.quarantines:
        out.quarantine.append(_quarantined(row, message, judgement))
        out.verdicts[place] = verdict(row.message_id, QUARANTINED, judgement.dicts)
        return True
    row.violations = judgement.json
    out.violations[place] = judgement.dicts
    out.verdicts[place] = verdict(row.message_id, FLAGGED, judgement.dicts)
    return False


def _quarantined(row: EventRow, message: Message, judgement: Judgement) -> QuarantineRow:
    """The original bytes (always UTF-8: another body is no JSON), and what could be read of them."""
    return QuarantineRow(
        message_id=row.message_id,
        received_ms=row.received_ms,
        violations=judgement.json,
        plan_version=row.plan_version,
        raw=message.raw.decode(),
        type=row.type,
        event=row.event,
        user_id=row.user_id,
        anonymous_id=row.anonymous_id,
        source=row.source,
        collector=row.collector,
        seq=row.seq,
    )
