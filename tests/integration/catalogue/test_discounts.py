"""Discounts and promotion codes over gRPC: made, generated, found by whoever prices an order, and archived."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue


async def spring(catalogue: Catalogue, venue: Venue, *, needs_code: bool = True) -> pb.Discount:
    discount = pb.Discount(
        discount_id="spring",
        name="Spring",
        effect=pb.DiscountEffect(kind=pb.DISCOUNT_EFFECT_KIND_PERCENT_OFF, basis_points=2_000),
        needs_code=needs_code,
        max_uses=100,
    )
    request = pb.CreateDiscountRequest(idempotency_key="spring", house_id=venue.house.house_id, discount=discount)
    return (await catalogue.stub.CreateDiscount(request)).discount


def a_code(venue: Venue, code: str, key: str = "code") -> pb.CreatePromotionCodeRequest:
    return pb.CreatePromotionCodeRequest(
        idempotency_key=key,
        house_id=venue.house.house_id,
        promotion_code=pb.PromotionCode(promotion_code_id=code, discount_id="spring", max_uses=3),
    )


def finding(venue: Venue, code: str = "", discount_id: str = "") -> pb.FindPromotionRequest:
    return pb.FindPromotionRequest(house_id=venue.house.house_id, code=code, discount_id=discount_id)


async def test_a_code_is_found_however_it_is_typed_and_gives_its_discount(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    discount = await spring(catalogue, venue)
    code = (await catalogue.stub.CreatePromotionCode(a_code(venue, "Spring-27"))).promotion_code
    assert (code.promotion_code_id, code.max_uses) == ("SPRING-27", 3)
    found = await catalogue.stub.FindPromotion(finding(venue, " sPRING-27 "))
    assert (found.discount, found.promotion_code) == (discount, code)
    again = await refusal(catalogue.stub.CreatePromotionCode(a_code(venue, "SPRING-27", "other")))
    assert again.reason == "PRICE_THING_TAKEN"


async def test_what_is_not_to_be_had_is_one_answer(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("genova"), await catalogue.venue("roma")
    await spring(catalogue, venue)
    code = (await catalogue.stub.CreatePromotionCode(a_code(venue, "SPRING"))).promotion_code
    for wish in (
        finding(venue, "AUTUMN"),
        finding(other, "SPRING"),
        finding(venue, "SPRING", "winter"),
        finding(venue, discount_id="winter"),
        # It needs its code.
        finding(venue, discount_id="spring"),
    ):
        assert (await refusal(catalogue.stub.FindPromotion(wish))).reason == "PROMOTION_UNKNOWN"
    archive = pb.ArchivePromotionCodeRequest(house_id=venue.house.house_id, promotion_code_id="spring", etag=code.etag)
    await catalogue.stub.ArchivePromotionCode(archive)
    assert (await refusal(catalogue.stub.FindPromotion(finding(venue, "SPRING")))).reason == "PROMOTION_UNKNOWN"
    unset = await refusal(catalogue.stub.FindPromotion(finding(venue)))
    assert [violation.field for violation in unset.violations] == ["code"]


async def test_a_discount_without_a_code_is_found_by_its_id_until_it_is_archived(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("genova")
    discount = await spring(catalogue, venue, needs_code=False)
    assert (await catalogue.stub.FindPromotion(finding(venue, discount_id="spring"))).discount == discount
    archive = pb.ArchiveDiscountRequest(house_id=venue.house.house_id, discount_id="spring", etag=discount.etag)
    await catalogue.stub.ArchiveDiscount(archive)
    gone = await refusal(catalogue.stub.FindPromotion(finding(venue, discount_id="spring")))
    assert gone.reason == "PROMOTION_UNKNOWN"
    refused = await refusal(catalogue.stub.CreatePromotionCode(a_code(venue, "LATE")))
    assert [violation.field for violation in refused.violations] == ["promotion_code.discount_id"]


async def test_generated_codes_differ_begin_as_asked_and_are_the_same_for_the_same_request(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue("genova")
    await spring(catalogue, venue)
    request = pb.GeneratePromotionCodesRequest(
        idempotency_key="many",
        house_id=venue.house.house_id,
        discount_id="spring",
        count=50,
        prefix="spring",
        max_uses=1,
    )
    made = list((await catalogue.stub.GeneratePromotionCodes(request)).promotion_codes)
    codes = [code.promotion_code_id for code in made]
    assert len(set(codes)) == 50
    assert all(code.startswith("SPRING-") and len(code) == len("SPRING-") + 12 for code in codes)
    assert list((await catalogue.stub.GeneratePromotionCodes(request)).promotion_codes) == made
    listing = pb.ListPromotionCodesRequest(house_id=venue.house.house_id, discount_id="spring", page_size=30)
    first = await catalogue.stub.ListPromotionCodes(listing)
    listing.page_token = first.next_page_token
    second = await catalogue.stub.ListPromotionCodes(listing)
    listed = [code.promotion_code_id for page in (first, second) for code in page.promotion_codes]
    assert sorted(listed) == sorted(codes)
    listing.discount_id, listing.page_token = "winter", ""
    assert not (await catalogue.stub.ListPromotionCodes(listing)).promotion_codes
