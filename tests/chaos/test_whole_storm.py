"""A short storm on every service at once, with a schedule that is the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.console.commands.demo import FAST
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from tests.chaos.whole_faults import schedule
from tests.chaos.whole_storm import WholeStorm, run_whole_storm

KINDS = ("valkey_failover", "bus_cut", "kill_orders", "postgres_restart")
# In so short a storm a fault may fall between two calls. `make chaos STACK=whole` is void without it.
MATTERS_OF_LUCK = {"no buyer had to send anything again"}


@pytest.mark.slow
async def test_with_a_store_the_bus_a_service_and_the_record_gone_in_turn_money_and_seats_agree(
    own_server_folder: Path,
) -> None:
    storm = WholeStorm(seed=6, seconds=18.0, kinds=KINDS, performances=1, tempo=FAST, warm_seconds=4.0)
    planned = schedule(storm.seed, KINDS)
    # While buyers come: only then have the two something to lose and to hold back.
    assert {next(planned).kind, next(planned).kind} == {"valkey_failover", "bus_cut"}
    outcome = await run_whole_storm(storm, SystemClock(), RandomIds(), own_server_folder, print)
    assert outcome.wrong == []
    assert [why for why in outcome.void if why not in MATTERS_OF_LUCK] == []
    assert outcome.holds_lost > 0
    assert outcome.restarts["orders"] > 0
