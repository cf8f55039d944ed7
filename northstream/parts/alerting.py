"""Alerting over the published numbers.

Does not judge: see `alerting`.
"""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from alerting.alerter import Alerter
from alerting.numbers import Numbers
from alerting.surroundings import Surroundings
from northstream.clock import unix_ms
from northstream.live_alerts import LiveAlerts
from northstream.parts.stores import Stores
from schemas.calendar import Calendar
from schemas.checkpoints import StoreUnavailable
from schemas.log import LogUnavailable
from schemas.reading import ReadingUnavailable
from schemas.topics import Topic
from warehouse.alert_controls import AlertControlsStore
from warehouse.alert_predecessors import AlertPredecessors
from warehouse.lease import ALERTING, Lease


def create_alerter(
    stores: Stores, numbers: Numbers, alerts: LiveAlerts, path: Path, url: str, is_alone: bool = True
) -> Alerter:
    """An alerter with its states and outbox in the file `path`. `url`: where receivers find the boards.

    Without `is_alone` there may be others over the same warehouse: one of them judges at a time.
    """
    surroundings = Surroundings(
        numbers=numbers,
        log_sink=stores.reports.write_alert_log,
        pending=lambda: handoffs_pending(stores),
        clock=unix_ms,
        public_url=url,
        calendar=Calendar(stores.workspace.stream.timezone),
        controls=AlertControlsStore(stores.warehouse),
        findings=alerts.findings,
        watch_seconds=stores.watch.seconds,
    )
    if not is_alone:
        lease = Lease(stores.warehouse, "alerters", uuid4().hex, ALERTING)
        predecessors = AlertPredecessors(stores.warehouse)
        surroundings = replace(surroundings, turns=lease, end_turn=lease.release, predecessors=predecessors)
    alerter = Alerter(alerts.current(), path, surroundings)
    alerts.on_change.append(alerter.replace)
    return alerter


def handoffs_pending(stores: Stores) -> bool:
    """Whether persons are on their way between partitions; yes, as long as nobody can tell."""
    try:
        heads = stores.people.latest_heads(stores.partitions)
        ends = stores.handoffs.end_offsets(Topic.HANDOFFS)
    except (StoreUnavailable, ReadingUnavailable, LogUnavailable):
        return True
    return any(
        end > (heads[partition].positions.handoffs if partition in heads else 0) for partition, end in ends.items()
    )
