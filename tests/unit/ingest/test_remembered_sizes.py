"""What is remembered between requests is bounded in bytes, not only in number: senders choose how long names are."""

import base64
import dataclasses
import gc
import tracemalloc
from collections.abc import Callable

from ingest.auth import Grant, KeyRing
from ingest.links import AppendedLinks
from ingest.plan_checks import EventChecks
from ingest.plan_names import PlanNames
from schemas.definitions import Workspace


def kept_bytes(work: Callable[[int], object]) -> int:
    """What 100 calls leave behind."""
    tracemalloc.start()
    try:
        for number in range(100):
            work(number)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_long_headers_are_not_remembered() -> None:
    """The part after the user name is the sender's own; the key is found all the same."""
    keys = KeyRing({"wk": "web"}, {"sk"})

    def ask(number: int) -> None:
        header = b"Basic " + base64.b64encode(b"wk:%d" % number + b"x" * 10_000)
        assert keys.by_header(header) == Grant("web", False)

    assert kept_bytes(ask) < 100_000


def test_long_invented_names_are_not_remembered(default_workspace: Workspace) -> None:
    """And are told shortened."""
    names = PlanNames(default_workspace.plan.events)

    def ask(number: int) -> None:
        assert len(names.explain(f"{number}" + "x" * 10_000)[1]) < 200

    assert kept_bytes(ask) < 100_000


def test_links_of_long_ids_take_no_more_room_than_short_ones() -> None:
    """They are remembered as digests, which tell apart pairs that hold the same characters."""
    links = AppendedLinks(1_000)
    assert kept_bytes(lambda number: links.add({(f"{number}" + "d" * 10_000, "u" * 10_000)})) < 100_000
    assert ("7" + "d" * 10_000, "u" * 10_000) in links
    links.add({("a", "bc"), ("é\0", "u")})
    assert ("a", "bc") in links
    assert ("é\0", "u") in links
    assert ("ab", "c") not in links
    assert ("é", "\0u") not in links


def test_of_many_unplanned_properties_the_first_are_told(default_workspace: Workspace) -> None:
    """A message of 32 KB may hold thousands, and what is told of each is stored and remembered."""
    planned = dataclasses.replace(default_workspace.plan.events[0], additional_properties=False)
    findings = EventChecks(planned).examine({f"{number}" + "x" * 1_000: 1 for number in range(1_000)})
    told = [finding for finding in findings or () if finding.rule == "additional property"]
    assert len(told) == 20
    assert all(len(finding.property) < 100 for finding in told)
