"""Every guard that is removed is noticed within its seeds; with all of them in place the same seeds find nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.guards import GUARDS, NEGATIVE_CONTROLS, Guard

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_removed_guard_is_noticed(guard: Guard) -> None:
    catch = guard.hunt(guard.mutant, guard.seeds)
    assert catch is not None, f"{guard.name} survived {guard.budget} seeds: nothing watches over '{guard.what}'"


@pytest.mark.parametrize(("what", "path", "claim"), NEGATIVE_CONTROLS)
def test_guards_on_real_servers_have_their_negative_controls(what: str, path: str, claim: str) -> None:
    assert f"def {claim}" in (ROOT / path).read_text(), what
