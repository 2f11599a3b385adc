"""INV-8 by row-level security alone: ticketing's statements name no house, and houses stay apart."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.ticketing.stage import HOUSE, SHOW, Ticketing, running_ticketing
from tests.integration.walls import no_wall, second_wall_alone, take_policies_away


async def seen_by_another_house(ticketing: Ticketing) -> bool:
    """Whether house 2 is told anything of house 1's ticket, by its code and by its seat."""
    answer = await ticketing.issued("ord_1", "A-1")
    own = await ticketing.checked(answer.tickets[0].code)
    other = await ticketing.checked(answer.tickets[0].code, house_id="hse_2")
    again = await ticketing.issued("ord_1", "A-2", house_id="hse_2")
    request = pb.ListRevocationsRequest(house_id=HOUSE, performance_id=SHOW)
    assert not (await ticketing.stub.ListRevocations(request)).revocations
    assert (own, again.refused) == ("VALID", "")
    return other != "UNKNOWN"


async def test_houses_stay_apart_without_any_house_in_a_where(ticketing: Ticketing) -> None:
    with second_wall_alone():
        assert not await seen_by_another_house(ticketing)


async def test_without_the_policies_the_same_proof_fails(database_url: DatabaseUrl) -> None:
    url = database_url("ticketing")
    await take_policies_away(url)
    async with running_ticketing(url, database_url()) as open_to_all:
        with no_wall():
            assert not await seen_by_another_house(open_to_all)
