"""`python -m bench [NAME]`: runs one measurement, those of a cluster, or all, and prints their tables.

Does not know how anything is measured: each module of `_BENCHES` has a `main()`.
"""

import importlib
import signal
import sys

from bench.machine import describe
from bench.missing import ToolMissing

_BENCHES = {
    "start": "bench.start",
    "collector": "bench.collector",
    "stream": "bench.stream",
    "people": "bench.people",
    "latency": "bench.latency",
    "alerts": "bench.alerts",
    "sustained": "bench.sustained",
    "queries": "bench.queries",
    "catalogue": "bench.catalogue",
    "cluster-collector": "bench.cluster.collector",
    "cluster-stream": "bench.cluster.stream",
    "cluster-loader": "bench.cluster.loader",
    "cluster-latency": "bench.cluster.latency",
    "cluster-recovery": "bench.cluster.recovery",
    "cluster-catch-up": "bench.cluster.catch_up",
}
"""Modules by name, in this order."""

_CLUSTER = "cluster"
"""All whose names begin so."""


def main(arguments: list[str]) -> int:
    """Exit code 2 says that something must be installed, or that the name is unknown."""
    names = [name for argument in arguments for name in _named(argument)] or list(_BENCHES)
    unknown = [argument for argument in arguments if not _named(argument)]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {_CLUSTER}, {', '.join(_BENCHES)}", file=sys.stderr)
        return 2
    print(describe(), flush=True)
    # Ended from outside, it must not leave brokers and roles behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for name in names:
        try:
            importlib.import_module(_BENCHES[name]).main()
        except ToolMissing as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    return 0


def _named(argument: str) -> list[str]:
    return [name for name in _BENCHES if name == argument or (argument == _CLUSTER and name.startswith(_CLUSTER))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
