"""INV-8 by row-level security alone: payments's statements name no house, and houses stay apart."""

from __future__ import annotations

from typing import Any

from tests.integration.payments import test_create_payment as isolation
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import Rig
from tests.integration.walls import no_wall, second_wall_alone, take_policies_away


async def test_houses_stay_apart_without_any_house_in_a_where(start_rig: StartRig) -> None:
    with second_wall_alone():
        await isolation.test_a_house_does_not_see_anothers_payment(start_rig)


async def test_without_the_policies_the_same_proof_fails(start_rig: StartRig) -> None:
    async def start_open(**turned: Any) -> Rig:
        rig = await start_rig(**turned)
        await take_policies_away(rig.plan.database_url)
        return rig

    with no_wall():
        await isolation.test_a_house_does_not_see_anothers_payment(start_open)
