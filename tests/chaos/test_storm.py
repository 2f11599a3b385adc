"""Short storms on two real nodes, with schedules that are the same every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.runtime.clock import SystemClock
from tests.chaos.inventory_nodes import Leases
from tests.chaos.storm import Outcome, Storm, run_storm

# In so short a storm a fault may fall between two calls, and a node may notice its lost lease before a fence tells it.
# `make chaos` is void without them, the simulation meets them in every run, and the storm below is all fences.
MATTERS_OF_LUCK = {"not one fenced write", "not one unknown outcome"}


async def weather(storm: Storm, folder: Path) -> Outcome:
    """Runs it; what happened is on the test's output.

    Nothing here is a claim about speed: faults begin when so much has been done, and `make chaos` asks how fast it was.
    """
    patient = replace(storm, warm_operations=200, call_seconds=10.0, serving_again_seconds=120.0, settle_seconds=10.0)
    return await run_storm(patient, SystemClock(), folder, print)


@pytest.mark.slow
async def test_killed_stopped_and_emptied_nothing_acknowledged_is_untrue(own_server_folder: Path) -> None:
    kinds = ("kill", "stop", "flushall", "lease_loss")
    storm = Storm(
        seed=4,
        seconds=0,
        is_complete=True,
        calm_seconds=(0.5, 1.0),
        kinds=kinds,
        nodes=2,
        stores="one",
        leases=Leases(1.5, 0.5, 0.25),
        performances=4,
        capacity=280,
        buyers=12,
        desks=3,
    )
    outcome = await weather(storm, own_server_folder)
    assert outcome.findings.wrong == []
    assert outcome.findings.undecided == 0
    assert outcome.findings.undecided_pairs < outcome.findings.pairs
    missing = outcome.coverage.missing(kinds, calm_per_second=0)
    assert [what for what in missing if what not in MATTERS_OF_LUCK] == []


@pytest.mark.slow
async def test_with_leases_that_never_stand_everybody_owns_everything_and_it_is_still_right(
    own_server_folder: Path,
) -> None:
    """RULE 4: the fences alone decide; the cluster is slow, not wrong."""
    storm = Storm(
        seed=5,
        seconds=0,
        is_complete=True,
        calm_seconds=(0.5, 1.0),
        kinds=("function_flush",),
        nodes=2,
        stores="one",
        leases=Leases(0.0, 0.5, 0.0),
        performances=3,
        capacity=140,
        buyers=6,
        desks=3,
    )
    outcome = await weather(storm, own_server_folder)
    assert outcome.findings.wrong == []
    assert outcome.coverage.fenced > 0
    assert outcome.coverage.ok > 0


@pytest.mark.slow
async def test_a_cluster_that_forgets_what_a_dead_master_acknowledged_is_still_right(own_server_folder: Path) -> None:
    """RULE 13: whoever wrote to the dead master hears of the loss before it decides anything more."""
    storm = Storm(
        seed=6,
        seconds=0,
        is_complete=True,
        calm_seconds=(0.5, 1.0),
        kinds=("master_loss",),
        nodes=2,
        stores="cluster",
        leases=Leases(3.0, 1.0, 0.5),
        performances=4,
        capacity=140,
        buyers=8,
        desks=3,
    )
    outcome = await weather(storm, own_server_folder)
    assert outcome.findings.wrong == []
    assert outcome.findings.undecided == 0
    assert outcome.coverage.lost_in_failover > 0
