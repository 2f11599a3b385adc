"""Ticket types that ask for a pass (R2.12): its number is checked, counted for the performance, and never kept."""

from __future__ import annotations

from dataclasses import replace

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.domain.order import Order
from services.orders.domain.pricing import SeatChoice
from services.orders.domain.refusals import UsesExhausted
from services.orders.domain.ticket_terms import TicketTerms
from services.orders.domain.uses import CountedUse
from services.runtime.errors import FieldInvalid, Refusal
from tests.unit.orders.builders import HOUSE, SHOW, a_hold, a_key, a_plan, a_request, an_offer
from tests.unit.orders.rig import Shop, World


def a_world(max_uses: int = 1) -> World:
    world = World()
    world.catalogue.put(HOUSE, replace(an_offer(), terms={"student": TicketTerms(pass_kind_id="card")}), a_plan())
    world.catalogue.accept_passes(HOUSE, "card", ["NL1", "NL2"], max_uses)
    return world


async def ordered(shop: Shop, name: str, *choices: SeatChoice) -> Order | Refusal:
    hold_id, holder_id = f"hold_{name}", f"holder_{name}"
    seats = [choice.seat_id for choice in choices]
    until_ms = shop.world.clock.now_ms() + 600_000
    shop.world.inventory.hold(SHOW, a_hold(*seats, hold_id=hold_id, holder_id=holder_id, until_ms=until_ms))
    request = a_request(*seats, hold_id=hold_id, holder_id=holder_id)
    request = replace(request, parts=(replace(request.parts[0], seats=choices),))
    return await shop.desk.create(request, a_key(f"create_{name}"))


def student(seat: str, number: str) -> SeatChoice:
    return SeatChoice(seat, "student", pass_number=number)


async def test_r2_12_a_right_number_is_sold_to_once_for_each_performance() -> None:
    async with Shop(a_world()) as shop:
        order = await ordered(shop, "1", student("A-1", "NL1"), student("A-2", "NL2"), SeatChoice("A-3"))
        assert not isinstance(order, Refusal)
        assert sorted(order.uses, key=lambda use: use.counted_id) == [
            CountedUse(f"pass:card:{SHOW}:key-NL1", 1, 1),
            CountedUse(f"pass:card:{SHOW}:key-NL2", 1, 1),
        ]
        again = await ordered(shop, "2", student("A-4", "NL1"))
        assert again == UsesExhausted(f"pass:card:{SHOW}:key-NL1", 0, 1)
        twice = await ordered(shop, "3", student("A-5", "NL1"), student("A-6", "NL1"))
        assert isinstance(twice, UsesExhausted)


async def test_r2_12_missing_and_wrong_numbers_are_told_by_their_seats_and_never_named() -> None:
    async with Shop(a_world()) as shop:
        missing = await ordered(shop, "1", SeatChoice("A-1"), student("A-2", " "), student("A-3", "NL1"))
        assert isinstance(missing, FieldInvalid)
        assert [violation.field for violation in missing.violations()] == ["seats[1].pass_number"]
        wrong = await ordered(shop, "2", student("A-4", "NL1"), student("A-5", "XX7"), student("A-6", "XX8"))
        assert isinstance(wrong, FieldInvalid)
        assert [violation.field for violation in wrong.violations()] == [
            "seats[1].pass_number",
            "seats[2].pass_number",
        ]
        assert "XX" not in wrong.message() + repr(student("A-1", "XX7"))


async def test_no_pass_is_asked_for_where_no_ticket_type_wants_one() -> None:
    world = a_world()
    async with Shop(world) as shop:
        await ordered(shop, "1", SeatChoice("A-1"))
        asked = world.catalogue.asked
        assert not isinstance(await ordered(shop, "2", SeatChoice("A-2")), Refusal)
        assert world.catalogue.asked == asked
        assert isinstance(world.store, MemoryOrderStore)
        assert not world.store.used
