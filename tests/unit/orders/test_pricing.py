"""What an order costs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.prices import Component, ComponentKind
from services.orders.domain.order import NO_VAT, Money, OrderLine, Vat
from services.orders.domain.pricing import PlanSeat, PriceList, SeatChoice, total_of
from services.orders.domain.refusals import SeatUnknown, TicketTypeUnknown
from services.runtime.errors import FieldInvalid, Refusal
from tests.unit.orders.builders import PLAN, PRICES, a_plan, price_lines


def priced(*choices: SeatChoice) -> tuple[OrderLine, ...]:
    lines = price_lines(choices, PRICES, a_plan(), PLAN)
    assert not isinstance(lines, Refusal), lines
    return lines


def test_a_line_costs_what_its_category_and_ticket_type_say() -> None:
    lines = priced(SeatChoice("A-1"), SeatChoice("A-2", "student"), SeatChoice("Z-1"))
    assert [line.price.amount_minor for line in lines] == [2_500, 1_250, 1_800]
    assert total_of(lines, "EUR") == Money(5_550, "EUR")


def test_an_unknown_ticket_type_is_named_with_what_there_is() -> None:
    refusal = price_lines([SeatChoice("Z-1", "student")], PRICES, a_plan(), PLAN)
    assert isinstance(refusal, TicketTypeUnknown)
    assert (refusal.ticket_type, refusal.category, refusal.seat_id) == ("student", "balcony", "Z-1")
    assert refusal.known == ("normal",)


def test_seats_outside_the_plan_are_named() -> None:
    refusal = price_lines([SeatChoice("A-1"), SeatChoice("Q-9")], PRICES, a_plan(), PLAN)
    assert refusal == SeatUnknown(("Q-9",), PLAN)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_the_total_is_the_exact_sum_of_the_lines(amounts: list[int]) -> None:
    seats_of_plan = {f"S-{number}": PlanSeat(f"category {number}") for number in range(len(amounts))}
    prices = PriceList("JPY", {(f"category {number}", "normal"): amount for number, amount in enumerate(amounts)})
    lines = price_lines([SeatChoice(seat) for seat in seats_of_plan], prices, seats_of_plan, 1)
    assert not isinstance(lines, Refusal)
    assert total_of(lines, "JPY") == Money(sum(amounts), "JPY")


VAT_9, VAT_21 = ("reduced", 900), ("standard", 2_100)
KEY = ("stalls", "normal")
TICKET = (
    Component(ComponentKind.BASE, 2_300, *VAT_9),
    Component(ComponentKind.THEATRE_SURCHARGE, 200, *VAT_9),
    Component(ComponentKind.SERVICE_FEE, 150, *VAT_21),
    Component(ComponentKind.WARDROBE_FEE, 100, *VAT_21, avoidable=True),
)
MADE_OF = PriceList("EUR", {KEY: 2_650}, components={KEY: TICKET})


def test_r2_9_a_line_costs_what_was_shown_and_keeps_what_it_is_made_of() -> None:
    lines = price_lines([SeatChoice("A-1")], MADE_OF, a_plan(), PLAN)
    assert not isinstance(lines, Refusal)
    assert lines[0].price.amount_minor == 2_650
    assert [(one.kind, one.amount_minor) for one in lines[0].components] == [
        (ComponentKind.BASE, 2_300),
        (ComponentKind.THEATRE_SURCHARGE, 200),
        (ComponentKind.SERVICE_FEE, 150),
    ]
    assert [one.vat.amount_minor for one in lines[0].components] == [189, 17, 26]
    assert lines[0].vat == NO_VAT


def test_a_fee_that_can_be_avoided_is_charged_to_those_who_ask_for_it() -> None:
    wardrobe = SeatChoice("A-2", extras=frozenset({ComponentKind.WARDROBE_FEE}))
    lines = price_lines([SeatChoice("A-1"), wardrobe], MADE_OF, a_plan(), PLAN)
    assert not isinstance(lines, Refusal)
    assert [line.price.amount_minor for line in lines] == [2_650, 2_750]
    catering = SeatChoice("A-1", extras=frozenset({ComponentKind.CONSUMPTION_FEE}))
    assert price_lines([catering], MADE_OF, a_plan(), PLAN) == FieldInvalid(
        "seats[0].extras", "has consumption_fee", "wardrobe_fee"
    )


def test_the_tax_of_a_line_of_one_class_is_told_as_one() -> None:
    prices = PriceList("EUR", {KEY: 2_500}, components={KEY: TICKET[:2]})
    lines = price_lines([SeatChoice("A-1")], prices, a_plan(), PLAN)
    assert not isinstance(lines, Refusal)
    assert lines[0].vat == Vat("reduced", 900, 206)
