"""What an order costs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.order import Money, OrderLine
from services.orders.domain.pricing import PlanSeat, PriceList, SeatChoice, price_lines, total_of
from services.orders.domain.refusals import SeatUnknown, TicketTypeUnknown
from services.runtime.errors import Refusal
from tests.unit.orders.builders import PLAN, PRICES, a_plan


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
