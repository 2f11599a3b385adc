"""Runs a mutant seed by seed until something notices it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from services.runtime.testing.virtual_time import VirtualDeadlock, VirtualTimeExceeded, run_virtual
from tests.simulation.orders.sale import Sale
from tests.simulation.stage.world import run_seed

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Catch:
    """Who noticed a mutant, after how many seeds, and by what."""

    seeds: int
    finding: str


def hunt_in_the_cluster(mutant: Patch, seeds: Iterable[int]) -> Catch | None:
    """The first seed of the cluster's simulation that notices `mutant`; None: it survived them all."""
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch)
        for count, seed in enumerate(seeds, start=1):
            outcome = run_seed(seed)
            if outcome.findings:
                return Catch(count, outcome.findings[0])
    return None


def hunt_in_the_sale(mutant: Patch, seeds: Iterable[int]) -> Catch | None:
    """The same in the simulation of the orders service alone."""
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch)
        for count, seed in enumerate(seeds, start=1):
            try:
                run_virtual(Sale(seed).run(), limit_seconds=20_000)
            except (AssertionError, KeyError, VirtualDeadlock, VirtualTimeExceeded) as finding:
                return Catch(count, f"seed {seed}: {finding}")
    return None
