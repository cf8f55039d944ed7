"""The files of a workspace folder: which are read, as which sections, and what happens when a name comes twice.

Does not know what stands in them.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from schemas.yaml_lines import Finding, Findings, did_you_mean
from schemas.yaml_sections import Section, read_sections

MAIN_FILE = "workspace.yaml"
FOLDERS = ("plan", "funnels", "metrics", "boards", "alerts")

Item = TypeVar("Item")


class WorkspaceErrors(Exception):
    """The workspace cannot be used; `findings` holds every problem, in the order of files and lines."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(set(findings)))
        super().__init__("\n".join(map(str, self.findings)))


def read_main(folder: Path, findings: Findings) -> Section | None:
    """`workspace.yaml`, or None with a finding."""
    path = folder / MAIN_FILE
    if not path.is_file():
        findings.add(MAIN_FILE, 1, f'is missing in {folder}; write a workspace with "northstream init {folder}"')
        return None
    sections = list(read_sections(path, MAIN_FILE, findings))
    if len(sections) > 1:
        findings.add(MAIN_FILE, sections[1].line, "must be one mapping, not a list")
    return sections[0] if sections else None


def check_layout(folder: Path, findings: Findings) -> None:
    """A misspelt folder or file would be left out silently."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in FOLDERS and any(yaml_files(path)):
            hint = did_you_mean(path.name, FOLDERS) or f"; there are {', '.join(FOLDERS)}"
            findings.add(f"{path.name}/", 1, f"is no folder of a workspace{hint}")
        elif path.is_file() and path.suffix in (".yaml", ".yml") and path.name != MAIN_FILE:
            findings.add(path.name, 1, f"is not read; only {MAIN_FILE} and the folders {', '.join(FOLDERS)} are")


def yaml_files(folder: Path) -> Iterator[Path]:
    """Every YAML file below a folder, in a fixed order."""
    return (path for path in sorted(folder.rglob("*")) if path.suffix in (".yaml", ".yml") and path.is_file())


def sections_of(folder: Path, kind: str, findings: Findings) -> Iterator[Section]:
    """The entries of `folder/kind/*.yaml`."""
    for path in yaml_files(folder / kind):
        yield from read_sections(path, path.relative_to(folder).as_posix(), findings)


def read_all(
    folder: Path, kind: str, read: Callable[[Section], Item], findings: Findings
) -> Iterator[tuple[Item, Section]]:
    """Each entry as read, and where it stands."""
    return ((read(section), section) for section in sections_of(folder, kind, findings))


def unique(
    items: Iterable[tuple[Item, Section]], kind: str, name_of: Callable[[Item], str], findings: Findings
) -> list[Item]:
    """The items; a name that was given before is a finding."""
    places: dict[str, str] = {}
    result = []
    for item, section in items:
        name = name_of(item)
        if name in places:
            findings.add(section.file, section.line, f'{kind} "{name}" is defined in {places[name]} already; keep one')
        places.setdefault(name, f"{section.file}:{section.line}")
        result.append(item)
    return result
