"""Passes over gRPC (R2.12): kinds, lists of numbers that are kept as hashes, and checks for whoever sells."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.testing.refusals import refusal
from tests.integration.catalogue.stage import Catalogue, Venue, price


async def museum(catalogue: Catalogue, venue: Venue, *, listed: bool = True) -> pb.PassKind:
    kind = pb.PassKind(
        pass_kind_id="museum",
        name="Museum card",
        pattern="NL####",
        check_digits=pb.CHECK_DIGITS_NONE,
        listed=listed,
        max_uses_per_performance=2,
    )
    request = pb.CreatePassKindRequest(idempotency_key="museum", house_id=venue.house.house_id, pass_kind=kind)
    return (await catalogue.stub.CreatePassKind(request)).pass_kind


async def test_r2_12_a_listed_number_is_right_however_it_is_typed_and_no_other(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("utrecht")
    await museum(catalogue, venue)
    house_id = venue.house.house_id
    add = pb.AddPassNumbersRequest(house_id=house_id, pass_kind_id="museum", numbers=["NL 1234", "nl-5678"])
    assert (await catalogue.stub.AddPassNumbers(add)).added == 2
    assert (await catalogue.stub.AddPassNumbers(add)).added == 0
    check = pb.CheckPassesRequest(
        house_id=house_id, pass_kind_id="museum", numbers=["nl1234", "NL-1234", "NL9999", "1234"]
    )
    checked = await catalogue.stub.CheckPasses(check)
    assert checked.max_uses_per_performance == 2
    assert checked.pass_keys[0] == checked.pass_keys[1] != ""
    assert list(checked.pass_keys[2:]) == ["", ""]
    remove = pb.RemovePassNumbersRequest(house_id=house_id, pass_kind_id="museum", numbers=["NL1234", "NL0000"])
    assert (await catalogue.stub.RemovePassNumbers(remove)).removed == 1
    assert (await catalogue.stub.CheckPasses(check)).pass_keys[0] == ""


async def test_numbers_are_kept_as_hashes_and_wrong_ones_not_at_all(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("utrecht")
    await museum(catalogue, venue)
    add = pb.AddPassNumbersRequest(
        house_id=venue.house.house_id, pass_kind_id="museum", numbers=["NL1234", "wrong", "NL12"]
    )
    refused = await refusal(catalogue.stub.AddPassNumbers(add))
    assert [violation.field for violation in refused.violations] == ["numbers[1]", "numbers[2]"]
    assert await catalogue.rows("SELECT * FROM pass_numbers") == []
    del add.numbers[1:]
    await catalogue.stub.AddPassNumbers(add)
    (row,) = await catalogue.rows("SELECT pass_key FROM pass_numbers")
    assert "1234" not in str(row[0])


async def test_another_houses_kind_is_not_found(catalogue: Catalogue) -> None:
    venue, other = await catalogue.venue("utrecht"), await catalogue.venue("genova")
    await museum(catalogue, other)
    check = pb.CheckPassesRequest(house_id=venue.house.house_id, pass_kind_id="museum", numbers=["NL1234"])
    assert (await refusal(catalogue.stub.CheckPasses(check))).reason == "PRICE_THING_NOT_FOUND"


async def test_a_ticket_type_names_a_kind_of_the_house_and_performances_tell_it(catalogue: Catalogue) -> None:
    venue = await catalogue.venue("utrecht")
    ticket_type = pb.TicketType(
        ticket_type_id="museum", name="Museum card", kind=pb.TICKET_KIND_DISCOUNT, pass_kind_id="museum"
    )
    create = pb.CreateTicketTypeRequest(idempotency_key="type", house_id=venue.house.house_id, ticket_type=ticket_type)
    refused = await refusal(catalogue.stub.CreateTicketType(create))
    assert [violation.field for violation in refused.violations] == ["ticket_type.pass_kind_id"]
    await museum(catalogue, venue)
    assert (await catalogue.stub.CreateTicketType(create)).ticket_type.pass_kind_id == "museum"
    prices = [price("Stalls"), price("Balcony"), price("Stalls", 900, ticket_type="museum")]
    made = await catalogue.performance(venue, prices=prices)
    assert [(terms.ticket_type, terms.pass_kind_id) for terms in made.ticket_terms] == [("museum", "museum")]
