"""`python -m bench [NAME]`: runs one measurement or all, and prints their tables.

Does not know how anything is measured: each module of `_BENCHES` has a `main()`.
"""

import importlib
import sys

from bench.machine import describe
from bench.wrk import WrkMissing

_BENCHES = ("start", "collector", "stream", "people", "latency", "sustained", "queries")
"""In this order; each is a module of this package."""


def main(arguments: list[str]) -> int:
    """Exit code 2 says that something must be installed, or that the name is unknown."""
    unknown = [name for name in arguments if name not in _BENCHES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(_BENCHES)}", file=sys.stderr)
        return 2
    print(describe(), flush=True)
    for name in arguments or _BENCHES:
        try:
            importlib.import_module(f"bench.{name}").main()
        except WrkMissing as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
