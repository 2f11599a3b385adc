"""The catalogue's copies of houses: asked for once, kept true by accounts' events, given to accounts to adopt."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from balcon.accounts.v1.houses_pb2 import House
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.contracts.changes import etag_of
from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import ACCOUNTS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.testing import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import Catalogue, running_catalogue

CLOCK, IDS = SystemClock(), RandomIds()


async def create_hall(catalogue: Catalogue, house_id: str, key: str = "k") -> pb.Hall:
    request = pb.CreateHallRequest(idempotency_key=key, house_id=house_id, name="Hall")
    return (await catalogue.stub.CreateHall(request)).hall


async def copies(catalogue: Catalogue) -> list[tuple[object, ...]]:
    return [*await catalogue.rows("SELECT house_id, name, languages, revision FROM houses ORDER BY house_id")]


async def test_a_house_that_is_not_known_is_asked_for_once(catalogue: Catalogue) -> None:
    house = catalogue.house("genova", name="Genova Circus")
    for number in range(3):
        await create_hall(catalogue, house.house_id, f"k{number}")
    assert catalogue.accounts.asked == [house.house_id]
    assert await copies(catalogue) == [(house.house_id, "Genova Circus", ["en"], 1)]


async def test_a_house_that_accounts_does_not_know_either_is_not_found_and_leaves_nothing(
    catalogue: Catalogue,
) -> None:
    refused = await refusal(create_hall(catalogue, "hse_nobody"))
    assert (refused.reason, refused.code) == ("HOUSE_NOT_FOUND", grpc.StatusCode.NOT_FOUND)
    assert await copies(catalogue) == []
    assert await catalogue.rows("SELECT 1 FROM idempotency_keys") == []


async def test_an_accounts_that_does_not_answer_is_no_proof_that_there_is_no_house(catalogue: Catalogue) -> None:
    house = catalogue.house("genova")
    known = catalogue.accounts.houses
    catalogue.accounts.houses = None  # type: ignore[assignment]  # every question ends in a fault
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await create_hall(catalogue, house.house_id)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    catalogue.accounts.houses = known
    assert (await create_hall(catalogue, house.house_id)).house_id == house.house_id


async def tell(bus_url: str, *houses: House) -> None:
    """What accounts would publish, in this order."""
    bus = open_bus(bus_url, clock=CLOCK, ids=IDS, client_id="test")
    await bus.create_topics(TOPICS)
    for house in houses:
        message = HouseChanged(house=house)
        event = OutgoingEvent(
            ACCOUNTS, house.house_id, message.DESCRIPTOR.full_name, message.SerializeToString(), house.house_id
        )
        source: dict[str, Any] = {"source": "balcon.accounts", "time_ms": CLOCK.now_ms()}
        await bus.publish([to_message(event, event_id=IDS.new_id("evt"), **source)])
    await bus.close()


def revised(house: House, revision: int, name: str) -> House:
    told = House()
    told.CopyFrom(house)
    told.etag, told.name = etag_of(revision), name
    return told


async def test_a_change_of_a_house_arrives_and_an_older_one_does_not_undo_it(database_url: DatabaseUrl) -> None:
    bus_url = database_url()
    async with running_catalogue(database_url("catalogue"), bus_url) as catalogue:
        house, other = catalogue.house("genova"), catalogue.house("other")
        await tell(bus_url, revised(house, 3, "Third"))

        async def is_third() -> bool:
            return await copies(catalogue) == [(house.house_id, "Third", ["en"], 3)]

        await eventually(is_third)
        await tell(bus_url, revised(house, 2, "Second"), revised(other, 1, "Other"))

        async def has_both() -> bool:
            return len(await copies(catalogue)) == 2

        await eventually(has_both)
        assert (house.house_id, "Third", ["en"], 3) in await copies(catalogue)
        await create_hall(catalogue, house.house_id)
        assert catalogue.accounts.asked == []


async def test_houses_from_before_are_told_to_accounts_page_by_page(catalogue: Catalogue) -> None:
    labels = [f"house-{number}" for number in range(5)]
    for label in labels:
        # As the catalogue wrote them before houses were accounts'.
        await catalogue.damage(
            "INSERT INTO houses (house_id, label, name, time_zone, currency, created_at_ms)"
            f" VALUES ('hse_{label}', '{label}', 'Old', 'Europe/Oslo', 'NOK', 1)"
        )
    found: list[pb.House] = []
    token = ""
    while True:
        answer = await catalogue.stub.ListHouses(pb.ListHousesRequest(page_size=2, page_token=token))
        found += answer.houses
        token = answer.next_page_token
        if not token:
            break
    assert [house.label for house in found] == labels
    assert (found[0].house_id, found[0].time_zone, found[0].currency) == ("hse_house-0", "Europe/Oslo", "NOK")
    # They are known here: nobody has to be asked for them.
    await create_hall(catalogue, "hse_house-0")
    assert catalogue.accounts.asked == []
