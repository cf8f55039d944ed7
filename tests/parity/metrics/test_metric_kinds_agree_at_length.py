"""The kinds of metrics in SQL against loops, over more and larger random histories."""

from pathlib import Path
from random import Random

import pytest
from parity.metrics.counted_twice import COMPUTES, loaded, numbers_of, question, whole
from parity.metrics.small_company import random_company


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(100, 104))
def test_kinds_agree_on_more_companies(seed: int, tmp_path: Path) -> None:
    """The same questions over other people, copies and merges."""
    for both in loaded(tmp_path, random_company(seed, people=40, messages=2_000)):
        random = Random(seed)
        for compute in COMPUTES:
            for ask in (question(random, compute) for _ in range(3)):
                assert numbers_of(both.sql.compute(compute, ask)) == whole(both.hand.compute(compute, ask)), ask
