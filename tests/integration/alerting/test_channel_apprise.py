"""Apprise in its own process, against real servers: taken, refused, redirected, hung, and kept off private places.

Each process takes half a second, so one attempt says several things.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alert_messages import NOW_MS, start, waiting

from alerting.apprise_child import Refused, Wall
from alerting.channels.channel import Delivered, Retry
from alerting.channels.through_apprise import AppriseChannel
from schemas.alerts import AppriseReceiver

PATIENT = 30.0


def channel(*urls, allow_private=True, seconds=PATIENT):
    return AppriseChannel(AppriseReceiver("chat", urls, allow_private), seconds)


def address(server, path="hook"):
    return f"json://127.0.0.1:{server.port}/{path}"


def children():
    """Processes of ours that run Apprise now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"apprise_child" in (folder / "cmdline").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


async def test_a_service_that_has_it_is_not_told_again(answering):
    """One of two fails and says when to come back: the next attempt is for that one alone."""
    good, bad = answering(), answering((429, {"Retry-After": "77"}), (200, {}))
    both = channel(address(good), address(bad))
    outcome = await both.deliver(waiting(start("a")), NOW_MS)
    assert isinstance(outcome, Retry)
    assert (outcome.detail, outcome.after_seconds, len(outcome.done)) == (
        "1 of 2: the service does not take it (last answer: HTTP 429)",
        77.0,
        1,
    )
    assert await both.deliver(waiting(start("a"), outcome.done), NOW_MS) == Delivered("taken by 2 of 2")
    assert (len(good.arrivals), len(bad.arrivals)) == (1, 2)
    message = json.loads(good.arrivals[0].body)
    assert message["title"] == "[critical] SignupsHigh: signups is 30 (> 20)"
    assert "Many signups, même la nuit" in message["message"]
    assert message["type"] == "failure"


async def test_redirects_are_not_followed(answering, monkeypatch):
    """Not even to an address that is allowed; a proxy of the environment is not used either."""
    elsewhere = answering()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{elsewhere.port}")
    servers = [answering((status, {"Location": elsewhere.url})) for status in (301, 307)]
    outcome = await channel(*(address(each) for each in servers)).deliver(waiting(start("a")), NOW_MS)
    assert isinstance(outcome, Retry)
    for status in (301, 307):
        assert f"HTTP {status}: redirects are not followed" in outcome.detail
    assert [len(each.arrivals) for each in servers] == [1, 1]
    assert elsewhere.arrivals == []


async def test_private_places_are_out_of_reach(answering):
    """By name too, and whatever stands before the host; other spellings: see the wall below."""
    server = answering()
    urls = [f"json://{host}:{server.port}/hook" for host in ("LOCALHOST", "8.8.8.8@127.0.0.1")]
    outcome = await channel(*urls, allow_private=False).deliver(waiting(start("a")), NOW_MS)
    assert outcome == Retry("2 of 2: the host has a private address (allow_private is not set)")
    assert server.arrivals == []


def test_a_name_that_turns_private_is_refused_when_the_connection_is_made(answering):
    """The name meant a public address when it was saved; it means this machine now."""
    server = answering()
    script = """
import socket
real, answers = socket.getaddrinfo, iter(["93.184.215.14", "127.0.0.1"])
def rebinding(host, *rest, **options):
    return real(next(answers) if host == "rebinding.example" else host, *rest, **options)
socket.getaddrinfo = rebinding
assert socket.getaddrinfo("rebinding.example", 80)[0][4][0] == "93.184.215.14"
from alerting.apprise_child import main
main()
"""
    asked = {
        "url": f"json://rebinding.example:{server.port}/hook",
        "title": "t",
        "text": "x",
        "mood": "info",
        "allow_private": False,
        "seconds": PATIENT,
    }
    ran = subprocess.run([sys.executable, "-c", script], input=json.dumps(asked).encode(), capture_output=True)
    assert json.loads(ran.stdout) == {
        "taken": False,
        "detail": "the host has a private address (allow_private is not set)",
        "retry_after": "",
    }
    assert server.arrivals == []


async def test_a_service_that_hangs_is_left_and_its_process_ended(silent, until):
    """In its time; nothing stays behind."""
    url = silent(False).url.replace("http://", "json://")
    outcome = await channel(url, seconds=0.5).deliver(waiting(start("a")), NOW_MS)
    assert outcome == Retry("the service was not done within 1.5 s, or Apprise broke")
    await asyncio.to_thread(until, lambda: children() == [])


@pytest.mark.parametrize(
    "place",
    [
        ("127.0.0.1", 80),
        ("10.0.0.1", 80),
        ("169.254.169.254", 80),
        ("0.0.0.0", 80),
        ("::1", 80, 0, 0),
        ("::ffff:127.0.0.1", 80, 0, 0),
        ("64:ff9b::7f00:1", 80, 0, 0),
        ("fe80::1%eth0", 80, 0, 2),
        ("example.com", 80),
        ("2130706433", 80),
        "/var/run/docker.sock",
        b"\0abstract",
    ],
)
def test_the_wall_lets_only_public_addresses_through(place):
    """An address, no name: a name could be looked up once more. No socket of this machine."""
    wall = Wall(allow_private=False)
    with pytest.raises(Refused):
        wall.hook("socket.connect", (None, place))
    assert wall.last_refusal
    for public in (("8.8.8.8", 443), ("2606:4700:4700::1111", 443, 0, 0)):
        wall.hook("socket.connect", (None, public))


async def test_the_system_log_is_no_service():
    """It would take every message, whether anybody listens or not."""
    outcome = await channel("syslog://local5").deliver(waiting(start("a")), NOW_MS)
    assert outcome == Retry("it would use a socket of this machine")


def test_the_wall_lets_no_program_start():
    """Not even where private addresses are allowed: a program could go anywhere. Names are still refused too."""
    wall = Wall(allow_private=True)
    wall.hook("socket.connect", (None, ("127.0.0.1", 80)))
    for event, argument in (("subprocess.Popen", "sh"), ("os.system", "sh"), ("socket.connect", "/dev/log")):
        with pytest.raises(Refused):
            wall.hook(event, (None, argument))
