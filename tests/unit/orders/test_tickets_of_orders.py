"""Tickets come from ticketing: once an order, whatever happens to answers, and no order is confirmed without them."""

from __future__ import annotations

from collections.abc import Callable

from services.contracts.reasons import Reason
from services.orders.domain.order import Order, OrderState, Ticket
from services.orders.ports import Declined, Ticketing, Unanswered
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.rig import Shop, World


class Moody:
    """Answers what it is told to before it answers for real; `late`: the first answers are lost on their way."""

    def __init__(self, port: Ticketing, *moods: Declined | None, late: int = 0) -> None:
        self._port = port
        self._moods = list(moods)
        self._late = late
        self.asked: list[Order] = []

    async def issue(self, order: Order) -> tuple[Ticket, ...] | Declined:
        self.asked.append(order)
        if self._moods:
            mood = self._moods.pop(0)
            if mood is None:
                raise Unanswered("IssueTickets")
            return mood
        tickets = await self._port.issue(order)
        if self._late > 0:
            self._late -= 1
            raise Unanswered("IssueTickets")
        return tickets


def bought(mood: Callable[[Ticketing], Moody]) -> tuple[World, Moody, Order]:
    async def buy() -> tuple[World, Moody, Order]:
        world = World()
        moody = mood(world.ticketing)
        async with Shop(world, ticketing=lambda _: moody) as shop:
            order = await shop.checked_out(await shop.ordered("A-1", "A-2"))
            world.payments.pay(shop.payment(order))
            return world, moody, await shop.ended(order)

    return run_virtual(buy())


def test_an_order_has_ticketings_tickets_in_the_order_of_its_lines() -> None:
    world, moody, order = bought(Moody)
    assert order.state is OrderState.CONFIRMED
    assert [ticket.seat_id for ticket in order.tickets] == list(order.seat_ids)
    assert set(order.tickets) == set(world.ticketing.tickets.values())
    assert [asked.state for asked in moody.asked] == [OrderState.PAID]
    assert moody.asked[0].state_since_ms > 0


def test_without_an_answer_the_order_stays_paid_and_asks_again() -> None:
    _, moody, order = bought(lambda port: Moody(port, None, None, None))
    assert order.state is OrderState.CONFIRMED
    assert [asked.state for asked in moody.asked] == [OrderState.PAID] * 4


def test_an_answer_that_was_lost_comes_again_and_makes_no_second_ticket() -> None:
    world, moody, order = bought(lambda port: Moody(port, late=2))
    assert len(moody.asked) == 3
    assert set(order.tickets) == set(world.ticketing.tickets.values())
    assert len(world.ticketing.tickets) == 2


def test_a_refusal_confirms_nothing_and_is_asked_about_again() -> None:
    _, moody, order = bought(lambda port: Moody(port, Declined(Reason.ORDER_ENDED)))
    assert len(moody.asked) == 2
    assert order.state is OrderState.CONFIRMED


def test_an_order_that_ends_before_its_tickets_has_none() -> None:
    async def run() -> Order:
        world = World()
        moody = Moody(world.ticketing, *[None] * 100)
        async with Shop(world, ticketing=lambda _: moody) as shop:
            order = await shop.checked_out(await shop.ordered("A-1"))
            world.payments.pay(shop.payment(order))
            await world.clock.sleep(1.0)
            world.payments.finish_refund(shop.payment(order))
            return await shop.ended(order)

    order = run_virtual(run())
    assert order.state is OrderState.REFUNDED
    assert not order.tickets
