"""INV-8 by row-level security alone: the catalogue's statements name no house, and houses stay apart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue import test_house_isolation as isolation
from tests.integration.catalogue.stage import Catalogue, running_catalogue
from tests.integration.walls import no_wall, second_wall_alone, take_policies_away

PROOFS: list[Callable[[Catalogue], Awaitable[None]]] = [
    isolation.test_another_houses_things_are_not_found,
    isolation.test_a_list_has_ones_own_performances_only,
]


@pytest.mark.parametrize("proof", PROOFS)
async def test_houses_stay_apart_without_any_house_in_a_where(
    catalogue: Catalogue, proof: Callable[[Catalogue], Awaitable[None]]
) -> None:
    with second_wall_alone():
        await proof(catalogue)


@pytest.mark.parametrize("proof", PROOFS)
async def test_without_the_policies_the_same_proof_fails(
    database_url: DatabaseUrl, proof: Callable[[Catalogue], Awaitable[None]]
) -> None:
    url = database_url("catalogue")
    await take_policies_away(url)
    async with running_catalogue(url, "memory://") as catalogue:
        with no_wall():
            await proof(catalogue)
