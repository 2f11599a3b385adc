"""INV-8 by row-level security alone: orders's statements name no house, and houses stay apart."""

from __future__ import annotations

from tests.integration.orders import test_bad_input as isolation
from tests.integration.orders.conftest import Stage
from tests.integration.walls import no_wall, second_wall_alone, take_policies_away


async def test_houses_stay_apart_without_any_house_in_a_where(stage: Stage) -> None:
    with second_wall_alone():
        await isolation.test_another_house_cannot_tell_that_an_order_exists(stage)


async def test_without_the_policies_the_same_proof_fails(stage: Stage) -> None:
    await take_policies_away(stage.settings["database_url"])
    with no_wall():
        await isolation.test_another_house_cannot_tell_that_an_order_exists(stage)
