"""What a house does with its halls: reads, changes and puts them away (R2.2)."""

from __future__ import annotations

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue
from tests.unit.catalogue.plan_documents import encoded, plan


async def a_house(catalogue: Catalogue, label: str = "genova") -> str:
    return catalogue.house(label).house_id


async def a_hall(catalogue: Catalogue, house_id: str, name: str = "Grote Zaal") -> pb.Hall:
    request = pb.CreateHallRequest(
        idempotency_key=f"hall-{len(name)}-{name[-1]}", house_id=house_id, name=name, city="Erfurt"
    )
    return (await catalogue.stub.CreateHall(request)).hall


def change(hall: pb.Hall, *paths: str, etag: str = "", **values: str) -> pb.UpdateHallRequest:
    return pb.UpdateHallRequest(
        house_id=hall.house_id,
        hall=pb.Hall(hall_id=hall.hall_id, **values),  # type: ignore[arg-type]
        update_mask=FieldMask(paths=paths),
        etag=etag or hall.etag,
    )


async def test_a_hall_is_changed_where_the_mask_says_and_tells_its_new_etag(catalogue: Catalogue) -> None:
    hall = await a_hall(catalogue, await a_house(catalogue))
    request = change(hall, "name", "address", name="Kleine Zaal", address="Domplatz 1", city="is not named")
    changed = (await catalogue.stub.UpdateHall(request)).hall
    assert (changed.name, changed.address, changed.city) == ("Kleine Zaal", "Domplatz 1", "Erfurt")
    assert changed.etag != hall.etag
    got = await catalogue.stub.GetHall(pb.GetHallRequest(house_id=hall.house_id, hall_id=hall.hall_id))
    assert got.hall == changed


async def test_a_lost_update_of_a_hall_is_refused(catalogue: Catalogue) -> None:
    hall = await a_hall(catalogue, await a_house(catalogue))
    first = (await catalogue.stub.UpdateHall(change(hall, "city", city="Utrecht"))).hall
    refused = await refusal(catalogue.stub.UpdateHall(change(hall, "city", city="Gotha")))
    assert (refused.reason, refused.facts["etag"]) == ("ETAG_STALE", first.etag)
    got = await catalogue.stub.GetHall(pb.GetHallRequest(house_id=hall.house_id, hall_id=hall.hall_id))
    assert got.hall.city == "Utrecht"


async def test_everything_wrong_with_a_change_is_told_at_once(catalogue: Catalogue) -> None:
    hall = await a_hall(catalogue, await a_house(catalogue))
    request = change(hall, "name", "city", "hall_id", name="", city="x" * 101)
    refused = await refusal(catalogue.stub.UpdateHall(request))
    assert (refused.reason, refused.facts["violations"]) == ("FIELD_INVALID", "3")
    assert [one.field for one in refused.violations] == ["hall.name", "hall.city", "update_mask"]


async def test_an_archived_hall_leaves_the_list_and_takes_nothing_new(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    house_id, hall_id = venue.house.house_id, venue.hall.hall_id
    hall = (await catalogue.stub.GetHall(pb.GetHallRequest(house_id=house_id, hall_id=hall_id))).hall
    assert (hall.latest_plan_version, hall.capacity) == (1, 2)
    request = pb.ArchiveHallRequest(house_id=house_id, hall_id=hall_id, etag=hall.etag)
    archived = (await catalogue.stub.ArchiveHall(request)).hall
    assert archived.HasField("archived_at")
    assert (await catalogue.stub.ArchiveHall(request)).hall == archived
    listed = await catalogue.stub.ListHalls(pb.ListHallsRequest(house_id=house_id))
    assert list(listed.halls) == []
    listed = await catalogue.stub.ListHalls(pb.ListHallsRequest(house_id=house_id, include_archived=True))
    assert list(listed.halls) == [archived]
    new_plan = pb.ImportSeatingPlanRequest(
        idempotency_key="k", house_id=house_id, hall_id=hall_id, plan_json=encoded(plan())
    )
    for call in (
        catalogue.stub.ImportSeatingPlan(new_plan),
        catalogue.performance(venue),
        catalogue.stub.UpdateHall(change(archived, "city", city="Gotha")),
    ):
        refused = await refusal(call)
        assert (refused.reason, refused.code) == ("HALL_ARCHIVED", grpc.StatusCode.FAILED_PRECONDITION)
    assert (await catalogue.stub.GetHall(pb.GetHallRequest(house_id=house_id, hall_id=hall_id))).hall == archived


async def test_halls_page_from_the_oldest_on_and_are_ones_own(catalogue: Catalogue) -> None:
    house_id, other = await a_house(catalogue), await a_house(catalogue, "other")
    theirs = await a_hall(catalogue, other)
    made = [await a_hall(catalogue, house_id, "x" * length) for length in (1, 2, 3)]
    listed: list[pb.Hall] = []
    token = ""
    for _ in made:
        page = await catalogue.stub.ListHalls(pb.ListHallsRequest(house_id=house_id, page_size=2, page_token=token))
        listed += page.halls
        token = page.next_page_token
        if not token:
            break
    # Halls of one millisecond stand in the order of their ids.
    assert sorted(hall.hall_id for hall in listed) == sorted(hall.hall_id for hall in made)
    stub = catalogue.stub
    for call in (
        stub.GetHall(pb.GetHallRequest(house_id=house_id, hall_id=theirs.hall_id)),
        stub.ArchiveHall(pb.ArchiveHallRequest(house_id=house_id, hall_id=theirs.hall_id, etag=theirs.etag)),
    ):
        assert (await refusal(call)).reason == "HALL_NOT_FOUND"


async def test_each_change_of_a_hall_is_one_act(catalogue: Catalogue) -> None:
    hall = await a_hall(catalogue, await a_house(catalogue))
    changed = (await catalogue.stub.UpdateHall(change(hall, "city", city="Utrecht"))).hall
    await catalogue.stub.ArchiveHall(
        pb.ArchiveHallRequest(house_id=hall.house_id, hall_id=hall.hall_id, etag=changed.etag)
    )
    assert [act.act for act in await catalogue.acts()] == ["hall.created", "hall.changed", "hall.archived"]
