"""A house's taxes and what its prices are made of, over gRPC: made, read, changed, archived, told with performances."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.money_pb2 import Money
from google.protobuf.field_mask_pb2 import FieldMask

from services.contracts.wire_types import wire_instant
from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue, price

# 2030-01-01T00:00 in Rome is an hour before it in UTC.
NEW_YEAR_MS = 1_893_452_400_000


def part(kind: pb.PriceComponentKind.ValueType, amount: int, vat_class: str = "") -> pb.PriceComponent:
    return pb.PriceComponent(kind=kind, amount=Money(amount_minor=amount, currency="EUR"), vat_class=vat_class)


def ticket(category: str) -> pb.Price:
    """R0.13's example."""
    made = price(category, 2_750)
    made.components.extend(
        [
            part(pb.PRICE_COMPONENT_KIND_BASE, 2_300),
            part(pb.PRICE_COMPONENT_KIND_THEATRE_SURCHARGE, 200),
            part(pb.PRICE_COMPONENT_KIND_WARDROBE_FEE, 100, "standard"),
            part(pb.PRICE_COMPONENT_KIND_SERVICE_FEE, 150, "standard"),
        ]
    )
    return made


async def adopted(
    catalogue: Catalogue, venue: Venue, country: str = "NL", tickets: str = "reduced"
) -> list[pb.VatClass]:
    request = pb.AdoptVatClassesRequest(house_id=venue.house.house_id, country=country, ticket_vat_class_id=tickets)
    return list((await catalogue.stub.AdoptVatClasses(request)).vat_classes)


async def test_a_house_begins_with_its_countrys_classes_once(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("utrecht")
    first = await adopted(catalogue, venue)
    assert [one.vat_class_id for one in first] == ["exempt", "reduced", "standard"]
    assert await adopted(catalogue, venue, tickets="standard") == first
    rules = (await catalogue.stub.GetPriceRules(pb.GetPriceRulesRequest(house_id=venue.house.house_id))).price_rules
    assert (rules.ticket_vat_class_id, rules.vat_rounding) == ("reduced", pb.VAT_ROUNDING_HALF_UP_PER_LINE)
    listed = await catalogue.stub.ListVatClasses(pb.ListVatClassesRequest(house_id=venue.house.house_id))
    assert list(listed.vat_classes) == first


async def test_r2_9_a_performance_tells_what_is_charged_what_it_is_made_of_and_the_tax_of_its_day(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("utrecht")
    await adopted(catalogue, venue)
    made = await catalogue.performance(venue, prices=[ticket("Stalls"), price("Balcony", 1_500)])
    assert made.from_price == Money(amount_minor=1_500, currency="EUR")
    assert made.prices[0].amount.amount_minor == 2_750
    assert [(one.vat_class, one.vat_rate_basis_points) for one in made.prices[0].components] == [
        ("reduced", 900),
        ("reduced", 900),
        ("standard", 2_100),
        ("standard", 2_100),
    ]
    house_id = venue.house.house_id
    read = pb.GetPerformanceRequest(house_id=house_id, performance_id=made.performance_id)
    assert (await catalogue.stub.GetPerformance(read)).performance == made
    listed = await catalogue.stub.ListPerformances(pb.ListPerformancesRequest(house_id=house_id))
    assert list(listed.performances) == [made]


async def test_a_change_of_rate_is_in_the_performances_of_its_days_and_changes_no_amount(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("utrecht")
    classes = {one.vat_class_id: one for one in await adopted(catalogue, venue)}
    before = await catalogue.performance(venue, "before", starts_at=wire_instant(NEW_YEAR_MS - 1))
    after = await catalogue.performance(venue, "after", starts_at=wire_instant(NEW_YEAR_MS))
    reduced = classes["reduced"]
    reduced.rates.append(pb.VatRate(from_date="2030-01-01", basis_points=2_100))
    update = pb.UpdateVatClassRequest(
        house_id=venue.house.house_id,
        vat_class=reduced,
        update_mask=FieldMask(paths=["rates"]),
        etag=reduced.etag,
    )
    changed = (await catalogue.stub.UpdateVatClass(update)).vat_class
    assert changed.etag != reduced.etag
    listed = await catalogue.stub.ListPerformances(pb.ListPerformancesRequest(house_id=venue.house.house_id))
    told = {one.performance_id: one.prices[0] for one in listed.performances}
    assert told[before.performance_id].components[0].vat_rate_basis_points == 900
    assert told[after.performance_id].components[0].vat_rate_basis_points == 2_100
    assert {one.amount.amount_minor for one in told.values()} == {2_500}
    stale = await refusal(catalogue.stub.UpdateVatClass(update))
    assert stale.reason == "ETAG_STALE"


async def test_a_class_is_made_once_changed_by_mask_and_archived_for_what_is_new(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("bergen")
    house_id = venue.house.house_id
    low = pb.VatClass(vat_class_id="low", name="Low", kind=pb.VAT_KIND_REDUCED, rates=[pb.VatRate(basis_points=1_200)])
    made = (
        await catalogue.stub.CreateVatClass(
            pb.CreateVatClassRequest(idempotency_key="low", house_id=house_id, vat_class=low)
        )
    ).vat_class
    again = pb.CreateVatClassRequest(idempotency_key="other", house_id=house_id, vat_class=low)
    assert (await refusal(catalogue.stub.CreateVatClass(again))).reason == "PRICE_THING_TAKEN"
    renamed = pb.UpdateVatClassRequest(
        house_id=house_id,
        vat_class=pb.VatClass(vat_class_id="low", name="Lav"),
        update_mask=FieldMask(paths=["name"]),
        etag=made.etag,
    )
    changed = (await catalogue.stub.UpdateVatClass(renamed)).vat_class
    assert (changed.name, changed.rates, changed.kind) == ("Lav", made.rates, made.kind)
    archive = pb.ArchiveVatClassRequest(house_id=house_id, vat_class_id="low", etag=changed.etag)
    archived = (await catalogue.stub.ArchiveVatClass(archive)).vat_class
    assert archived.HasField("archived_at")
    assert (await catalogue.stub.ArchiveVatClass(archive)).vat_class == archived
    renamed.etag = archived.etag
    assert (await refusal(catalogue.stub.UpdateVatClass(renamed))).reason == "PRICE_THING_ARCHIVED"
    listing = pb.ListVatClassesRequest(house_id=house_id)
    assert not (await catalogue.stub.ListVatClasses(listing)).vat_classes
    listing.include_archived = True
    assert list((await catalogue.stub.ListVatClasses(listing)).vat_classes) == [archived]
    prices = [price("Stalls"), price("Balcony")]
    prices[0].components.append(part(pb.PRICE_COMPONENT_KIND_BASE, 2_500, "low"))
    request = venue.performance_request("performance", prices=prices)
    refused = await refusal(catalogue.stub.CreatePerformance(request))
    assert [violation.field for violation in refused.violations] == ["prices[0].components[0].vat_class"]


async def test_rules_are_changed_by_whoever_has_read_them_and_name_classes_of_the_house(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("genova"), await catalogue.venue("roma")
    await adopted(catalogue, other, "IT", "reduced2")
    house_id = venue.house.house_id
    rules = (await catalogue.stub.GetPriceRules(pb.GetPriceRulesRequest(house_id=house_id))).price_rules
    update = pb.UpdatePriceRulesRequest(
        house_id=house_id,
        price_rules=pb.PriceRules(vat_rounding=pb.VAT_ROUNDING_HALF_UP_PER_ORDER, ticket_vat_class_id="reduced2"),
        update_mask=FieldMask(paths=["ticket_vat_class_id"]),
        etag=rules.etag,
    )
    refused = await refusal(catalogue.stub.UpdatePriceRules(update))
    assert [violation.field for violation in refused.violations] == ["price_rules.ticket_vat_class_id"]
    update.update_mask.paths[:] = ["vat_rounding"]
    changed = (await catalogue.stub.UpdatePriceRules(update)).price_rules
    assert (changed.vat_rounding, changed.ticket_vat_class_id) == (pb.VAT_ROUNDING_HALF_UP_PER_ORDER, "")
    assert (await refusal(catalogue.stub.UpdatePriceRules(update))).reason == "ETAG_STALE"
    made = await catalogue.performance(venue)
    assert made.vat_rounding == pb.VAT_ROUNDING_HALF_UP_PER_ORDER


async def test_another_houses_class_is_not_found(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("genova"), await catalogue.venue("roma")
    await adopted(catalogue, other, "IT", "reduced2")
    get = pb.GetVatClassRequest(house_id=venue.house.house_id, vat_class_id="reduced2")
    assert (await refusal(catalogue.stub.GetVatClass(get))).reason == "PRICE_THING_NOT_FOUND"
    archive = pb.ArchiveVatClassRequest(house_id=venue.house.house_id, vat_class_id="reduced2", etag='"1"')
    assert (await refusal(catalogue.stub.ArchiveVatClass(archive))).reason == "PRICE_THING_NOT_FOUND"


async def test_an_unknown_country_and_a_class_that_it_lacks_are_told(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    request = pb.AdoptVatClassesRequest(house_id=venue.house.house_id, country="Z", ticket_vat_class_id="?")
    refused = await refusal(catalogue.stub.AdoptVatClasses(request))
    assert [violation.field for violation in refused.violations] == ["country", "ticket_vat_class_id"]
    request.country, request.ticket_vat_class_id = "NL", "parking"
    refused = await refusal(catalogue.stub.AdoptVatClasses(request))
    assert [violation.field for violation in refused.violations] == ["ticket_vat_class_id"]
