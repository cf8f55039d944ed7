"""Apache Kafka's own jars, fetched by Maven once and kept in the user's cache folder.

Does not start anything: see `brokers.kafka`.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from zlib import crc32

KAFKA_VERSION = "4.3.1"

_FETCH_SECONDS = 600

_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>northstream</groupId>
  <artifactId>test-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
"""


class KafkaMissing(Exception):
    """A broker cannot run on this machine; says why."""


def kafka_folder() -> Path:
    """Where the jars lie, or will lie."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "northstream-tests" / f"kafka-{KAFKA_VERSION}"


def fetch_kafka() -> Path | None:
    """The folder of the jars, fetched if need be; None if no broker can run here (`why_no_kafka` says why)."""
    try:
        return fetched_kafka()
    except KafkaMissing:
        return None


def why_no_kafka() -> str:
    """Why no broker can run here; empty if one can."""
    try:
        fetched_kafka()
    except KafkaMissing as missing:
        return str(missing)
    return ""


def fetched_kafka() -> Path:
    """The folder of the jars, fetched if need be.

    Raises:
        KafkaMissing: there is no Java, or the jars are not cached and cannot be fetched.
    """
    if not shutil.which("java"):
        raise KafkaMissing("Kafka needs Java 17 or newer, and there is no java (Debian: openjdk-17-jre-headless)")
    folder = kafka_folder()
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            # Of several processes of one test run the first fetches.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _fetch(folder)
    return folder


def class_path() -> str:
    """All jars, always in the same order: the archive of classes is for one order only."""
    return ":".join(str(jar) for jar in sorted(fetched_kafka().glob("*.jar")))


def class_archive() -> Path:
    """Where Java's archive of the broker's classes lies, or will lie: one for each Java, beside the jars."""
    java = Path(shutil.which("java") or "java").resolve()
    fingerprint = crc32(f"{java} {java.stat().st_mtime_ns}".encode())
    return kafka_folder() / f"broker-{fingerprint:08x}.jsa"


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise KafkaMissing("Kafka's jars come through Maven, and there is no mvn (Debian: maven)")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        libraries = Path(scratch, "libraries")
        Path(scratch, "pom.xml").write_text(_POM)
        arguments = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libraries}"]
        command = [maven, "-q", "--batch-mode", *arguments]
        try:
            done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=_FETCH_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise KafkaMissing(f"Maven did not fetch Kafka {KAFKA_VERSION} in time") from late
        if done.returncode:
            raise KafkaMissing(
                f"Maven could not fetch Kafka {KAFKA_VERSION}: {done.stdout[-2000:]}{done.stderr[-500:]}"
            )
        try:
            # In one step, so that nobody ever sees half of it.
            libraries.rename(folder)
        except OSError:
            # Another test run was first: its folder is as good.
            if not folder.is_dir():
                raise
