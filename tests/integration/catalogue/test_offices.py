"""Offices over gRPC: kept, changed, archived; their people in no event; discounts that name one (R1.10)."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue

SECRETS = ("vvv@example.org", "+31 30 1234567", "Ask for Ada", "Domplein 9")


def vvv(house_id: str, key: str = "vvv") -> pb.CreateOfficeRequest:
    office = pb.Office(
        office_id="VVV-UT",
        name="VVV Utrecht",
        address_lines=[SECRETS[3], "3512 JC Utrecht"],
        email=SECRETS[0],
        phone=SECRETS[1],
        contact=SECRETS[2],
        language="nl",
        conditions="Unsold tickets come back by noon.\r\nOn the day.",
        commission="5 % of what is sold",
    )
    return pb.CreateOfficeRequest(idempotency_key=key, house_id=house_id, office=office)


async def test_an_office_is_kept_changed_and_archived(catalogue: Catalogue) -> None:
    house_id = (await catalogue.venue("utrecht")).house.house_id
    made = (await catalogue.stub.CreateOffice(vvv(house_id))).office
    assert made.conditions == "Unsold tickets come back by noon.\nOn the day."
    assert (await catalogue.stub.CreateOffice(vvv(house_id))).office == made
    taken = await refusal(catalogue.stub.CreateOffice(vvv(house_id, "again")))
    assert (taken.reason, taken.facts["thing_id"]) == ("PRICE_THING_TAKEN", "VVV-UT")
    change = pb.UpdateOfficeRequest(
        house_id=house_id,
        office=pb.Office(office_id="VVV-UT", phone="+31 30 7654321"),
        update_mask=FieldMask(paths=["phone"]),
        etag=made.etag,
    )
    changed = (await catalogue.stub.UpdateOffice(change)).office
    assert (changed.phone, changed.name) == ("+31 30 7654321", "VVV Utrecht")
    assert (await refusal(catalogue.stub.UpdateOffice(change))).reason == "ETAG_STALE"
    archive = pb.ArchiveOfficeRequest(house_id=house_id, office_id="VVV-UT", etag=changed.etag)
    archived = (await catalogue.stub.ArchiveOffice(archive)).office
    assert archived.HasField("archived_at")
    assert not (await catalogue.stub.ListOffices(pb.ListOfficesRequest(house_id=house_id))).offices
    everything = pb.ListOfficesRequest(house_id=house_id, include_archived=True)
    assert list((await catalogue.stub.ListOffices(everything)).offices) == [archived]
    named = pb.GetOfficeRequest(house_id=house_id, office_id="VVV-UT")
    assert (await catalogue.stub.GetOffice(named)).office == archived


async def test_nothing_of_an_offices_people_leaves_by_an_event_or_an_act(catalogue: Catalogue) -> None:
    house_id = (await catalogue.venue("utrecht")).house.house_id
    made = (await catalogue.stub.CreateOffice(vvv(house_id))).office
    office = pb.Office(office_id="VVV-UT", contact="Ask for Grace", email="grace@example.org")
    mask = FieldMask(paths=["contact", "email"])
    await catalogue.stub.UpdateOffice(
        pb.UpdateOfficeRequest(house_id=house_id, office=office, update_mask=mask, etag=made.etag)
    )
    told = b"".join(bytes(row[0]) for row in await catalogue.rows("SELECT payload FROM outbox"))  # type: ignore[call-overload]
    assert b"office.changed" in told
    assert not [one for one in (*SECRETS, "Ask for Grace", "grace@example.org") if one.encode() in told]


async def test_r1_10_a_contingent_discount_is_of_an_office_that_there_is(catalogue: Catalogue) -> None:
    house_id = (await catalogue.venue("utrecht")).house.house_id
    effect = pb.DiscountEffect(kind=pb.DISCOUNT_EFFECT_KIND_PERCENT_OFF, basis_points=1_000)
    discount = pb.Discount(discount_id="vvv", name="VVV readers", effect=effect, office_id="VVV-UT")
    request = pb.CreateDiscountRequest(idempotency_key="d1", house_id=house_id, discount=discount)
    refused = await refusal(catalogue.stub.CreateDiscount(request))
    assert [violation.field for violation in refused.violations] == ["discount.office_id"]
    office = (await catalogue.stub.CreateOffice(vvv(house_id))).office
    request.idempotency_key = "d2"
    assert (await catalogue.stub.CreateDiscount(request)).discount.office_id == "VVV-UT"
    await catalogue.stub.ArchiveOffice(pb.ArchiveOfficeRequest(house_id=house_id, office_id="VVV-UT", etag=office.etag))
    request.idempotency_key, request.discount.discount_id = "d3", "vvv-2"
    assert (await refusal(catalogue.stub.CreateDiscount(request))).reason == "FIELD_INVALID"
