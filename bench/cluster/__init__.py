"""Measures the cluster on one machine: a real broker, roles as processes, our warehouse in the place of ClickHouse.

Does not assert goals. Two cores bound the rates; processor seconds by role do not depend on that: docs/sizing.md.
"""

import logging
import sys
from pathlib import Path

# The broker of the tests (`brokers.kafka`) is that of the measurements, too.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

# kafka-python tells of members of a group whose metadata it cannot read (Faust's), page by page.
logging.getLogger("kafka").setLevel(logging.CRITICAL)
