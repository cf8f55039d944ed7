"""What a container sees, translated to this machine: host names, addresses and paths, and nothing else.

Every service gets a loopback address of its own out of 127.0.0.0/8, as it gets one of its network from Docker; ports
stay as they are written. Volumes and tmpfs become folders. Does not start anything. Imports nothing of the product.
"""

import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from deployment.compose_file import ROOT

_FIRST = 10


class Machine:
    """The addresses and folders of a project's services. `folder`: where volumes lie."""

    def __init__(self, project: dict[str, Any], folder: Path) -> None:
        self._services = project["services"]
        self._folder = folder
        # Another network each time, so that runs side by side and other servers of this machine do not meet.
        chosen = random.SystemRandom()
        network = f"127.{chosen.randint(10, 250)}.{chosen.randint(1, 250)}"
        self.addresses = {name: f"{network}.{number}" for number, name in enumerate(self._services, start=_FIRST)}

    def environment(self, service: str) -> dict[str, str]:
        """The service's variables as they hold on this machine."""
        return {name: self.translated(service, value) for name, value in self._services[service]["environment"].items()}

    def translated(self, service: str, text: str) -> str:
        """A value or an argument of a service: hosts, its own addresses, its own paths."""
        own = self.addresses[service]
        for name, address in self.addresses.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?=:\d)", address, text)
        # A service's loopback is its own; all of its addresses are the one that it has.
        text = re.sub(r"(?<![\w.])(127\.0\.0\.1|0\.0\.0\.0)(?=$|[:/])", own, text)
        text = re.sub(r"://:(?=\d)", f"://{own}:", text)
        for inside, outside in self.paths(service).items():
            if text == inside or text.startswith(f"{inside}/"):
                return f"{outside}{text.removeprefix(inside)}"
        return text

    def paths(self, service: str) -> dict[str, Path]:
        """Folders of this machine by their path inside of the service."""
        return dict(self._mounts(self._services[service], service))

    def _mounts(self, definition: dict[str, Any], service: str) -> Iterator[tuple[str, Path]]:
        for volume in definition.get("volumes", []):
            source, inside, *_ = volume.split(":")
            is_file = source.startswith((".", "/"))
            yield inside, (ROOT / source).resolve() if is_file else self._made("volumes", source)
        for tmpfs in definition.get("tmpfs", []):
            inside = tmpfs.split(":")[0]
            yield inside, self._made("tmpfs", service, inside.strip("/").replace("/", "-"))

    def _made(self, *parts: str) -> Path:
        path = self._folder.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path


def in_order(services: dict[str, Any], wanted: Iterable[str]) -> list[str]:
    """The wanted services, each after those it depends on."""
    chosen = list(wanted)
    done: list[str] = []

    def visit(name: str) -> None:
        for other in services[name].get("depends_on", {}):
            if other in chosen and other not in done:
                visit(other)
        if name not in done:
            done.append(name)

    for name in chosen:
        visit(name)
    return done


def server_properties(environment: dict[str, str]) -> str:
    """Kafka's settings out of its variables, by the rule of the image's documentation."""
    lines = []
    for name, value in environment.items():
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS":
            key = name.removeprefix("KAFKA_").lower().replace("_", ".").replace("...", "-").replace("..", "_")
            lines.append(f"{key}={value}")
    return "\n".join(lines) + "\n"
