"""The registry of one process: what every process tells (its release, its log lines, its memory and time), and more.

Does not know the parts: whoever wires them registers what they tell.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import Metric

from northstream.logs import lines_by_level
from schemas.telemetry import EveryProcess as Names


class Collected(Protocol):
    """Whatever tells how it stands."""

    def collect(self) -> Iterable[Metric]: ...


class _Process:
    """The role is a label even of the usual names: `up` shows two processes on one page."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._usual = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        release = (self._role, version("northstream"), platform.python_version())
        yield Names.BUILD_INFO.told({release: 1})
        yield Names.LOG_LINES.told({(self._role, level): count for level, count in list(lines_by_level.items())})
        for metric in self._usual.collect():
            metric.samples = [sample._replace(labels={"role": self._role}) for sample in metric.samples]
            yield metric


def telemetry_of(registry: CollectorRegistry) -> Callable[[], str]:
    """What gives the text for `/metrics`."""
    return lambda: generate_latest(registry).decode()


def process_registry(role: str, *parts: Collected) -> CollectorRegistry:
    """A registry that tells of this process and of its parts."""
    # When each counter was made is of no use to anybody, and doubles the page.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    for part in (_Process(role), *parts):
        registry.register(part)
    return registry
