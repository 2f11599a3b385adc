"""Houses after their sign-up: further ones, changes, and what every service is told of them."""

from __future__ import annotations

import asyncio

import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import Accounts, Caller


@pytest.fixture
async def owner(guarded: Accounts) -> Caller:
    await guarded.sign_up("genova")
    return await guarded.signed_in("owner@genova.example")


def create_request(label: str, key: str | None = None) -> pb.CreateHouseRequest:
    return pb.CreateHouseRequest(
        idempotency_key=key or label,
        label=label,
        name="Second house",
        time_zone="Europe/Oslo",
        currency="NOK",
        languages=["nb"],
    )


async def test_r2_1_somebody_known_makes_a_second_house_and_owns_it(guarded: Accounts, owner: Caller) -> None:
    made = await guarded.stub.CreateHouse(create_request("oslo"), metadata=owner.metadata)
    assert await guarded.stub.CreateHouse(create_request("oslo"), metadata=owner.metadata) == made
    own = await guarded.stub.ListHouses(pb.ListHousesRequest(), metadata=owner.metadata)
    assert [(one.house.label, list(one.roles)) for one in own.houses] == [("genova", ["owner"]), ("oslo", ["owner"])]
    taken = await refusal(guarded.stub.CreateHouse(create_request("genova"), metadata=owner.metadata))
    assert (taken.reason, taken.facts) == ("LABEL_TAKEN", {"label": "genova"})


async def test_keys_of_two_people_are_no_ones_but_their_own(guarded: Accounts, owner: Caller) -> None:
    await guarded.sign_up("milano")
    other = await guarded.signed_in("owner@milano.example")
    await guarded.stub.CreateHouse(create_request("oslo", "same"), metadata=owner.metadata)
    await guarded.stub.CreateHouse(create_request("bergen", "same"), metadata=other.metadata)


async def test_of_two_who_want_a_label_at_the_same_moment_one_gets_it(guarded: Accounts, owner: Caller) -> None:
    answers = await asyncio.gather(
        *(guarded.stub.CreateHouse(create_request("oslo", f"k{n}"), metadata=owner.metadata) for n in range(3)),
        return_exceptions=True,
    )
    assert len([answer for answer in answers if isinstance(answer, pb.CreateHouseResponse)]) == 1


async def test_a_change_is_told_as_the_house_is_now(guarded: Accounts, owner: Caller) -> None:
    [one] = (await guarded.stub.ListHouses(pb.ListHousesRequest(), metadata=owner.metadata)).houses
    change = pb.UpdateHouseRequest(
        house_id=one.house.house_id,
        house=pb.HouseChange(name="New name", languages=["en"]),
        update_mask=FieldMask(paths=["name"]),
        etag=one.house.etag,
    )
    changed = (await guarded.stub.UpdateHouse(change, metadata=owner.metadata)).house
    assert (changed.name, list(changed.languages), changed.label) == ("New name", ["nl", "en"], "genova")
    payloads = await guarded.rows("SELECT payload FROM outbox WHERE topic = 'balcon.accounts.v1' ORDER BY id")
    assert [HouseChanged.FromString(bytes(payload)).house for (payload,) in payloads] == [one.house, changed]
    lost = await refusal(guarded.stub.UpdateHouse(change, metadata=owner.metadata))
    assert (lost.reason, lost.facts["etag"]) == ("ETAG_STALE", changed.etag)


async def test_what_no_update_may_change_is_refused_by_name(guarded: Accounts, owner: Caller) -> None:
    [one] = (await guarded.stub.ListHouses(pb.ListHousesRequest(), metadata=owner.metadata)).houses
    change = pb.UpdateHouseRequest(
        house_id=one.house.house_id,
        house=pb.HouseChange(languages=["en", "en"]),
        update_mask=FieldMask(paths=["label", "languages"]),
        etag=one.house.etag,
    )
    refused = await refusal(guarded.stub.UpdateHouse(change, metadata=owner.metadata))
    assert {violation.field for violation in refused.violations} == {"update_mask", "house.languages"}
    assert "label" in refused.violations[0].description
