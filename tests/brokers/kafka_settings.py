"""The files a test broker is configured by, each setting with its reason.

Does not write or start anything: see `brokers.kafka`.
"""

from collections.abc import Sequence
from pathlib import Path

LOG4J = """\
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1}: %m%n
"""


def server_properties(data: Path, number: int, ports: Sequence[tuple[int, int]]) -> str:
    """`server.properties` of node `number` (from 1) of a cluster with these (broker, controller) ports."""
    broker, controller = ports[number - 1]
    listeners = f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}"
    voters = ",".join(f"{node}@127.0.0.1:{port}" for node, (_, port) in enumerate(ports, start=1))
    copies = min(3, len(ports))
    return f"""\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners={listeners}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes=2097152
# Three seconds by default on the first join of each group.
group.initial.rebalance.delay.ms=0
# Tests freeze workers past short sessions.
group.min.session.timeout.ms=1000
# After kill -9 a node waits until its old registration has expired: 9 s by default.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
# Small inner topics: fifty partitions each by default.
offsets.topic.num.partitions=1
offsets.topic.replication.factor={copies}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr=1
# Fits the small heap.
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
"""
