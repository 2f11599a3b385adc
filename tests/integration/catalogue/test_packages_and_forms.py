"""Packages and the form of buyers over gRPC: made, told to whoever sells, changed and archived."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.money_pb2 import Money
from google.protobuf.field_mask_pb2 import FieldMask

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue


def a_field(venue: Venue, form_field_id: str, **changes: object) -> pb.CreateFormFieldRequest:
    field = pb.FormField(form_field_id=form_field_id, label=form_field_id, kind=pb.FORM_FIELD_KIND_TEXT)
    field.MergeFrom(pb.FormField(**changes))  # type: ignore[arg-type]
    return pb.CreateFormFieldRequest(idempotency_key=form_field_id, house_id=venue.house.house_id, form_field=field)


async def test_a_package_is_made_told_and_archived(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    house_id = venue.house.house_id
    package = pb.Package(
        package_id="season",
        name="Season",
        performance_ids=["prf_1", "prf_2"],
        rule=pb.PACKAGE_RULE_FIXED_PRICE,
        prices=[pb.PackagePrice(category="Stalls", amount=Money(amount_minor=5_000, currency="EUR"))],
        same_seats=True,
    )
    create = pb.CreatePackageRequest(idempotency_key="season", house_id=house_id, package=package)
    made = (await catalogue.stub.CreatePackage(create)).package
    wanted = pb.GetPackageRequest(house_id=house_id, package_id="season")
    assert (await catalogue.stub.GetPackage(wanted)).package == made
    package.prices[0].amount.currency = "SEK"
    package.package_id = "foreign"
    create = pb.CreatePackageRequest(idempotency_key="foreign", house_id=house_id, package=package)
    told = await refusal(catalogue.stub.CreatePackage(create))
    assert told.facts["field"] == "package.prices[0].amount.currency"
    archive = pb.ArchivePackageRequest(house_id=house_id, package_id="season", etag=made.etag)
    assert (await catalogue.stub.ArchivePackage(archive)).package.HasField("archived_at")
    assert not (await catalogue.stub.ListPackages(pb.ListPackagesRequest(house_id=house_id))).packages


async def test_r2_11_the_form_has_its_fields_in_their_order_and_those_of_other_performances_are_left_out(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    house_id = venue.house.house_id
    for request in (
        a_field(venue, "last", position=9),
        a_field(venue, "visitor", position=1, of_tickets=True, required=True),
        a_field(venue, "workshop", position=2, performance_ids=["prf_1"]),
    ):
        await catalogue.stub.CreateFormField(request)

    async def form(*performance_ids: str) -> list[str]:
        wanted = pb.GetOrderFormRequest(house_id=house_id, performance_ids=performance_ids)
        return [one.form_field_id for one in (await catalogue.stub.GetOrderForm(wanted)).form_fields]

    assert await form() == await form("prf_1", "prf_2") == ["visitor", "workshop", "last"]
    assert await form("prf_2") == ["visitor", "last"]
    field = (
        await catalogue.stub.GetFormField(pb.GetFormFieldRequest(house_id=house_id, form_field_id="last"))
    ).form_field
    update = pb.UpdateFormFieldRequest(
        house_id=house_id,
        form_field=pb.FormField(form_field_id="last", position=0),
        update_mask=FieldMask(paths=["position"]),
        etag=field.etag,
    )
    field = (await catalogue.stub.UpdateFormField(update)).form_field
    assert await form("prf_2") == ["last", "visitor"]
    archive = pb.ArchiveFormFieldRequest(house_id=house_id, form_field_id="last", etag=field.etag)
    await catalogue.stub.ArchiveFormField(archive)
    assert await form("prf_2") == ["visitor"]
