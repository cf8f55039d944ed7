"""What is done to a cluster while it works: a list of faults as data, chosen at random by their weights.

Nothing is mended by hand: whoever kills a whole role starts it again as a container runtime does. Does not judge what
comes of it: see `checking`.
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from system.cluster.cluster import Cluster
from system.cluster.role_process import RoleProcess, send_signal
from system.cluster.traffic import Traffic

FROZEN_SECONDS = 9.0
"""Longer than a worker's session with Kafka (6 s), its heartbeat and the loader's."""

LARGEST_WORKERS = 4
KILLED_ROLES = ("collector", "worker", "worker", "worker", "loader", "loader", "warehouse", "alerter", "boards")
"""Workers and loaders more often: they write what must not be counted twice."""


@dataclass
class Scene:
    """A cluster under load, and what was done to it so far."""

    cluster: Cluster
    traffic: Traffic
    random: random.Random
    done: Counter[str] = field(default_factory=Counter)
    removed: list[RoleProcess] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def tell(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {what}; {self.traffic}", flush=True)

    def running(self, role: str) -> list[RoleProcess]:
        """The processes of a role that are part of the cluster now."""
        return [member for member in self.cluster.members if member.role == role and member not in self.removed]

    def one(self, role: str) -> RoleProcess:
        return self.random.choice(self.running(role))

    def do(self, fault: "Fault") -> None:
        fault.act(self)
        self.done[fault.name] += 1


@dataclass(frozen=True, slots=True)
class Fault:
    """`weight`: how often it is chosen, in relation to the others."""

    name: str
    weight: int
    act: Callable[[Scene], None]


def kill_child(scene: Scene, role: str = "") -> None:
    """`kill -9` of the process that works: its supervisor starts it again."""
    member = scene.one(role or scene.random.choice(KILLED_ROLES))
    pid = member.kill_child()
    scene.tell(f"killed the process {pid} of {member.name}")


def kill_role(scene: Scene, role: str = "") -> None:
    """`kill -9` of a role with its supervisor, which comes back a little later, as containers do."""
    member = scene.one(role or scene.random.choice(KILLED_ROLES))
    if scene.random.random() < 0.5:
        member.kill()
    else:
        member.kill_supervisor()
    scene.tell(f"killed {member.name}")
    time.sleep(scene.random.uniform(0, 2))
    member.start()


def freeze(scene: Scene, role: str = "worker") -> None:
    """SIGSTOP past the session, then SIGCONT: others have taken over what it still believes to own."""
    member = scene.one(role)
    seconds = scene.random.uniform(FROZEN_SECONDS, FROZEN_SECONDS + 3)
    is_whole = scene.random.random() < 0.5
    if is_whole:
        member.freeze()
        pid = 0
    else:
        pid = member.freeze_child()
    time.sleep(seconds)
    if is_whole:
        member.thaw()
    else:
        send_signal(pid, signal.SIGCONT)
    scene.tell(f"froze {member.name}{' whole' if is_whole else ''} for {seconds:.1f} s")


def add_worker(scene: Scene) -> None:
    """One more, if there are few."""
    if len(scene.running("worker")) >= LARGEST_WORKERS:
        remove_worker(scene)
        return
    member = scene.cluster.add("worker")
    scene.tell(f"added {member.name}")


def remove_worker(scene: Scene) -> None:
    """For good, in good order or not; never the last one."""
    if len(scene.running("worker")) < 2:
        add_worker(scene)
        return
    member = scene.one("worker")
    if is_gentle := scene.random.random() < 0.5:
        code = member.terminate()
        # One that was told before it had begun, and so had nothing yet, may just die of the signal.
        has_begun = "partitions taken" in member.text()
        is_good = code == 0 or (code == -signal.SIGTERM and not has_begun)
        assert is_good, f"{member.name} ended with {code} when it was told to:\n{member.tail()}"
    else:
        member.kill()
    scene.removed.append(member)
    scene.tell(f"removed {member.name} by {'SIGTERM' if is_gentle else 'SIGKILL'}")


def roll_workers(scene: Scene) -> None:
    """Restart the workers one after the other, as an upgrade does."""
    for member in scene.running("worker"):
        code = member.terminate()
        assert code == 0, f"{member.name} ended with {code} when it was told to:\n{member.tail()}"
        member.start()
        scene.tell(f"restarted {member.name} for an upgrade")
        time.sleep(scene.random.uniform(0, 3))


def kill_broker(scene: Scene) -> None:
    """`kill -9` of the broker, which is started again at once."""
    scene.cluster.kafka.kill()
    scene.cluster.kafka.start()
    scene.tell("killed the broker and started it again")


def take_broker_away(scene: Scene, seconds: float) -> None:
    """No broker for a while: collectors must say so, and recover by themselves."""
    refused = scene.traffic.answers[503]
    scene.cluster.kafka.kill()
    time.sleep(seconds)
    refused = scene.traffic.answers[503] - refused
    scene.cluster.kafka.start()
    scene.tell(f"no broker for {seconds:.0f} s, when {refused} requests were answered 503")
    assert refused, "no 503 while the broker was away"


FAULTS: Sequence[Fault] = (
    Fault("kill of a process", 8, kill_child),
    Fault("kill of a role", 5, kill_role),
    Fault("freeze of a worker", 3, freeze),
    Fault("freeze of a loader", 1, lambda scene: freeze(scene, "loader")),
    Fault("worker added", 2, add_worker),
    Fault("worker removed", 2, remove_worker),
    Fault("rolling restart of workers", 1, roll_workers),
    Fault("kill of the broker", 1, kill_broker),
)


def choose(scene: Scene, faults: Sequence[Fault] = FAULTS) -> Fault:
    """One of them by weight."""
    return scene.random.choices(faults, [fault.weight for fault in faults])[0]
