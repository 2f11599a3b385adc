"""Whole clusters in virtual time, a seed each: nothing told wrong in the storm, everything ended after it (RULE 35)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.stage.coverage import missing
from tests.simulation.stage.world import run_seed

SEEDS_A_TEST = 10
FIRSTS = range(0, 200, SEEDS_A_TEST)

_met: Counter[str] = Counter()
_run: set[int] = set()


@pytest.mark.parametrize("first", FIRSTS)
def test_what_was_told_of_seats_stays_true_in_every_storm(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        outcome = run_seed(seed)
        assert not outcome.findings, f"make sim SEED={seed}: {outcome.findings[:3]}"
        _met.update(outcome.met)
    _run.add(first)


def test_the_storms_met_everything_that_they_are_there_for() -> None:
    if _run != set(FIRSTS):
        pytest.skip("not every seed was run")
    assert not missing(_met)


@pytest.mark.parametrize("seed", [3, 5, 1_003])
def test_a_seed_is_the_same_world_each_time(seed: int) -> None:
    """RULE 34."""
    assert run_seed(seed).trace_hash == run_seed(seed).trace_hash
