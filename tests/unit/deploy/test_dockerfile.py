"""The Dockerfile, by the rules of the usual linters: there is no Docker where these tests run.

Does not build the image; `test_image_contents.py` walks the same steps without Docker (a long test).
"""

import re
import tomllib

import pytest
from deployment.compose_file import ROOT

LINES = [
    line for line in re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines() if line and line[0] != "#"
]
STAGES = "\n".join(LINES).split("\nFROM ")


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.split(maxsplit=1)[0] == name]


def copied() -> set[str]:
    """What the build takes from the checkout."""
    return {word for line in instructions("COPY") if not line.startswith("--from") for word in line.split()[:-1]}


def test_bases_are_pinned_by_version_and_the_same() -> None:
    """What was installed for one Python runs on the same Python."""
    bases = [line.split()[0] for line in instructions("FROM")]
    assert len(bases) == 2
    assert set(bases) == {bases[0]}
    assert re.fullmatch(r"python:3\.11\.\d+-slim", bases[0])


def test_what_runs_is_a_user_with_a_fixed_number() -> None:
    """Volumes keep their owner over new images; Compose says the same number."""
    assert instructions("USER") == ["10001:10001"]
    assert LINES.index("USER 10001:10001") > max(n for n, line in enumerate(LINES) if line.startswith("RUN"))


def test_packages_are_those_of_the_lock_with_their_hashes() -> None:
    """Nothing is resolved, compiled or taken from elsewhere while an image is built."""
    installs = [line for line in instructions("RUN") if " install " in line and "pip" in line]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "-r requirements.lock" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert {"--no-deps", "--no-index"} <= set(installs[1].split())


def test_nothing_is_fetched_or_kept_that_is_not_needed() -> None:
    """No ADD (it fetches and unpacks), no package manager, no build tools in the stage that runs, no secrets."""
    assert not instructions("ADD")
    assert "apt-get" not in "\n".join(LINES)
    assert not re.search(r"\bpip\b", STAGES[1])
    assert "--without-pip" in STAGES[0]
    assert "uninstall --yes setuptools" in STAGES[0]
    assert not re.search(r"(ARG|ENV) \w*(KEY|PASSWORD|SECRET|TOKEN)", "\n".join(LINES))


def test_the_image_starts_the_command_line_and_leaves_health_to_compose() -> None:
    """Each role listens elsewhere, so only who starts it knows where to ask."""
    assert instructions("ENTRYPOINT") == ['["northstream"]']
    assert not instructions("HEALTHCHECK")
    assert not instructions("EXPOSE")
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", "\n".join(LINES)))
    assert {"title", "description", "version", "licenses"} <= labels


def test_every_package_of_ours_is_copied_and_nothing_else() -> None:
    """A new package that is not copied would be missing in the image only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert copied() == packages | {"requirements.lock", "pyproject.toml", "README.md", "LICENSE"}
    assert f'version="{project["project"]["version"]}"' in "\n".join(LINES)


@pytest.mark.parametrize("path", [".git", "data", ".env", "tests", "keys.json", ".venv", "docs", "deploy"])
def test_the_build_context_has_only_what_is_copied(path: str) -> None:
    """Data, keys, history and tests cannot get into an image: everything is left out but what is named."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    named = {rule[1:] for rule in rules if rule.startswith("!")}
    assert path not in named
    assert named == copied()
    assert {"**/keys.json", "**/.env*", "**/data"} <= set(rules)
