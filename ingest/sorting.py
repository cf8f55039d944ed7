"""The messages of one request sorted: stored ones by partition, links, quarantined ones, verdicts.

Does not append: what comes out are portions for `ingest.packer` and what to remember once they are durable.
"""

from collections.abc import Sequence
from typing import Any

from ingest.auth import Grant
from ingest.blocks import Portion, portions
from ingest.findings import Finding, Findings, as_json, found
from ingest.limits import Limits
from ingest.links import AppendedLinks, Link, link_of
from ingest.message_ids import RecentIds
from ingest.messages import Arrival, Message
from ingest.steps import Step
from ingest.telemetry import Name, Telemetry
from ingest.verdicts import DUPLICATE, FLAGGED, QUARANTINED, verdict
from schemas.identity import USER_IS_JUNK
from schemas.partitioning import device_partition, user_partition
from schemas.rows import EventRow, LinkRow, QuarantineRow
from schemas.topics import Kind, Topic
from schemas.violations import Rule

QUARANTINE_PARTITION = 0


class Sorted:
    """What one request comes to. `fresh` are the ids first seen in it, `links` those that it appends."""

    __slots__ = ("fresh", "link_rows", "links", "minted", "quarantine", "rows", "stored", "verdicts")

    def __init__(self, partitions: int) -> None:
        self.rows: list[list[EventRow]] = [[] for _ in range(partitions)]
        self.link_rows: dict[int, list[LinkRow]] = {}
        self.links: set[Link] = set()
        self.quarantine: list[QuarantineRow] = []
        self.verdicts: list[dict[str, Any]] = []
        self.minted: list[dict[str, Any]] = []
        self.fresh: list[str] = []
        self.stored = 0

    def portions(self) -> list[Portion]:
        """Everything to append, encoded, in the order in which it came within each partition."""
        parts: list[Portion] = []
        for partition, links in self.link_rows.items():
            parts += portions(Topic.EVENTS, partition, Kind.LINKS, links)
        for partition, rows in enumerate(self.rows):
            if rows:
                parts += portions(Topic.EVENTS, partition, Kind.EVENTS, rows)
        if self.quarantine:
            parts += portions(Topic.QUARANTINE, QUARANTINE_PARTITION, Kind.QUARANTINE, self.quarantine)
        return parts


class Sorter:
    """Runs the steps over messages; holds what is remembered between requests."""

    def __init__(
        self, steps: Sequence[Step], partitions: int, collector_id: str, limits: Limits, telemetry: Telemetry
    ) -> None:
        self._steps = tuple(steps)
        self._partitions = partitions
        self._collector = collector_id
        self._event_bytes = limits.event_bytes
        self._telemetry = telemetry
        self._recent = RecentIds(limits.remembered_messages)
        self._appended = AppendedLinks(limits.remembered_links)
        self._sequence = 0

    def sort(self, messages: Sequence[Message], arrival: Arrival, grant: Grant) -> Sorted:
        """Examine every message on its own: what is wrong with one leaves its neighbours alone."""
        out = Sorted(self._partitions)
        received_ms, secret, source, collector = arrival.received_ms, grant.secret, grant.source, self._collector
        steps, event_bytes = self._steps, self._event_bytes
        sequence = self._sequence
        for message in messages:
            sequence += 1
            row = EventRow("", "", 0, received_ms, secret=secret, source=source, collector=collector, seq=sequence)
            item = message.item
            findings: Findings = _trouble(message) if message.trouble else ()
            if len(message.raw) > event_bytes:
                findings += (self._too_large(),)
            for step in steps:
                more = step(item, row, arrival)
                if more:
                    findings += more
            if findings:
                self._judge(row, message, findings, out)
            else:
                self._accept(row, out)
            if item.message_id != row.message_id and str(item.message_id) != row.message_id:
                out.minted.append({"index": sequence - self._sequence - 1, "message_id": row.message_id})
        self._sequence = sequence
        return out

    def appended(self, out: Sorted) -> None:
        """It is durable: its links need not be appended again."""
        if out.links:
            self._appended.add(out.links)

    def failed(self, out: Sorted) -> None:
        """Nothing was promised: a retry is no copy."""
        self._recent.forget(out.fresh)

    def _judge(self, row: EventRow, message: Message, findings: Findings, out: Sorted) -> None:
        for finding in findings:
            self._telemetry.add(Name.VIOLATIONS, label=finding.rule.value)
        if any(finding.quarantines for finding in findings):
            out.quarantine.append(_quarantined(row, message, findings))
            out.verdicts.append(verdict(row.message_id, QUARANTINED, findings))
        else:
            row.violations = as_json(findings)
            self._accept(row, out, findings)

    def _accept(self, row: EventRow, out: Sorted, findings: Findings = ()) -> None:
        user = row.user_id
        if user and not row.junk & USER_IS_JUNK:
            partition = user_partition(user, self._partitions)
        else:
            partition = device_partition(row.anonymous_id, self._partitions)
        out.rows[partition].append(row)
        out.stored += 1
        link = link_of(row)
        if link is not None and link not in self._appended and link not in out.links:
            out.links.add(link)
            device = device_partition(link[0], self._partitions)
            line = LinkRow(link[0], link[1], row.message_id, row.received_ms)
            out.link_rows.setdefault(device, []).append(line)
        if self._recent.is_copy(row.message_id):
            out.verdicts.append(verdict(row.message_id, DUPLICATE, findings))
        else:
            out.fresh.append(row.message_id)
            if findings:
                out.verdicts.append(verdict(row.message_id, FLAGGED, findings))

    def _too_large(self) -> Finding:
        return found(Rule.TOO_LARGE, "", f"a message holds at most {self._event_bytes} bytes")


def _trouble(message: Message) -> Findings:
    return (found(Rule.WRONG_TYPE, "", message.trouble),)


def _quarantined(row: EventRow, message: Message, findings: Findings) -> QuarantineRow:
    """The original bytes (always UTF-8: another body is no JSON), and what could be read of them."""
    return QuarantineRow(
        message_id=row.message_id,
        received_ms=row.received_ms,
        violations=as_json(findings),
        plan_version=row.plan_version,
        raw=bytes(message.raw).decode(),
        type=row.type,
        event=row.event,
        user_id=row.user_id,
        anonymous_id=row.anonymous_id,
        source=row.source,
        collector=row.collector,
        seq=row.seq,
    )
