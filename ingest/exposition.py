"""Telemetry as Prometheus' text: this process's own, and that of the engine behind it on the same page.

Does not count.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest

TEXT = "text/plain; version=0.0.4; charset=utf-8"


def exposition(registry: CollectorRegistry) -> str:
    """Everything that is registered."""
    return generate_latest(registry).decode()


def together(first: str, second: str) -> str:
    """Both texts as one: a name that is in both is described once, with the samples of both."""
    lines: dict[str, list[str]] = {}
    described: dict[str, list[str]] = {}
    for text in (first, second):
        known = set(described)
        for name, line in _by_name(text):
            if not line.startswith("#"):
                lines.setdefault(name, []).append(line)
            elif name not in known:
                described.setdefault(name, []).append(line)
    names = dict.fromkeys([*described, *lines])
    return "".join(f"{line}\n" for name in names for line in (*described.get(name, ()), *lines.get(name, ())))


def _by_name(text: str) -> Iterator[tuple[str, str]]:
    """Each line with the name of the description that it stands under."""
    name = ""
    for line in text.splitlines():
        if line.startswith("# "):
            name = line.split(" ", 3)[2]
        if line:
            yield name, line
