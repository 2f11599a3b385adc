"""R2.9: a ticket that is passed on is the new holder's: its buyer's order shows no code of it, and no void one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.ticketing.v1.ticketing_events_pb2 import (
    VOID_REASON_REPRINTED,
    VOID_REASON_TRANSFERRED,
    TicketsVoided,
    VoidReason,
)
from balcon.ticketing.v1.tickets_pb2 import IssuedTicket, OrderTicket

from services.contracts.wire_types import wire_instant
from services.orders.adapters.passed_tickets import PostgresPassedTickets
from services.orders.domain.order import Ticket
from services.orders.ports import OrderRef
from services.orders.ports.standing_tickets import StandingTicket
from services.runtime.bus.topics import TICKETS
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.sql.engine import create_engine
from services.runtime.testing.eventually import eventually
from tests.integration.orders.conftest import CLOCK, IDS, Stage, check_out_request, get_request
from tests.integration.orders.test_customers_of_orders import rows
from tests.integration.orders.test_orders_service import paid
from tests.integration.orders.trouble import refused
from tests.unit.orders.builders import HOUSE, SHOW

if TYPE_CHECKING:
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

LATER_MS = 10_000


async def bought(stage: Stage, orders: OrdersServiceAsyncStub, *seats: str) -> wire.Order:
    """Paid and confirmed."""
    made = (await orders.CreateOrder(stage.create_request(*seats))).order
    await orders.CheckOut(check_out_request(made))
    await paid(stage, made)
    return (await orders.GetOrder(get_request(made))).order


async def void(
    stage: Stage, ticket: wire.Ticket, sequence: int, reason: VoidReason.ValueType = VOID_REASON_TRANSFERRED
) -> None:
    """Ticketing says that a ticket of SHOW is void."""
    event = TicketsVoided(
        house_id=HOUSE,
        performance_id=SHOW,
        ticket_ids=[ticket.ticket_id],
        seat_ids=[ticket.seat_id],
        reason=reason,
        voided_at=wire_instant(CLOCK.now_ms()),
    )
    outgoing = OutgoingEvent(TICKETS, SHOW, event.DESCRIPTOR.full_name, event.SerializeToString(), HOUSE)
    message = to_message(
        outgoing, event_id=IDS.new_id("evt"), source="balcon.ticketing", time_ms=CLOCK.now_ms(), sequence=sequence
    )
    await stage.neighbours.pass_on(message)


def now_it_is(stage: Stage, order: wire.Order, ticket_id: str, seat_id: str, code: str, at_ms: int) -> wire.Ticket:
    """Ticketing has another ticket for the seat: `code` ''; somebody else's."""
    issued = IssuedTicket(
        ticket_id=ticket_id, seat_id=seat_id, code=code, passed_on=not code, issued_at=wire_instant(at_ms)
    )
    stage.neighbours.tickets.standing[order.order_id] = [OrderTicket(performance_id=SHOW, ticket=issued)]
    return wire.Ticket(ticket_id=ticket_id, seat_id=seat_id, barcode=code, passed_on=not code)


async def told(orders: OrdersServiceAsyncStub, order: wire.Order) -> Sequence[tuple[str, str, bool]]:
    """Of each ticket its id, its code, and whether it was passed on."""
    found = (await orders.GetOrder(wire.GetOrderRequest(house_id=HOUSE, order_id=order.order_id))).order
    return [(one.ticket_id, one.barcode, one.passed_on) for one in found.tickets]


async def test_r2_9_a_ticket_that_was_passed_on_shows_no_code_and_one_that_came_back_its_new_one(stage: Stage) -> None:
    orders = await stage.start()
    order = await bought(stage, orders, "A-1", "A-2")
    first, second = order.tickets
    stays = (second.ticket_id, second.barcode, False)
    now_ms = CLOCK.now_ms()
    theirs = now_it_is(stage, order, "tkt_theirs", first.seat_id, "", now_ms + 1)
    await void(stage, first, 1)

    async def is_passed_on() -> None:
        assert await told(orders, order) == [("tkt_theirs", "", True), stays]

    await eventually(is_passed_on)
    now_it_is(stage, order, "tkt_back", first.seat_id, "BLC1.back", now_ms + 2)
    await void(stage, theirs, 2)

    async def is_back() -> None:
        assert await told(orders, order) == [("tkt_back", "BLC1.back", False), stays]

    await eventually(is_back)
    # What is void for another reason is another act's business.
    await void(stage, second, 3, VOID_REASON_REPRINTED)
    await void(stage, first, 4)

    async def is_asked_again() -> None:
        assert stage.neighbours.ticketing_trouble.calls.count("GetOrderTickets") == 3

    await eventually(is_asked_again)
    # Old news of the first one hides nothing of the one that is good now.
    assert await told(orders, order) == [("tkt_back", "BLC1.back", False), stays]


async def test_while_ticketing_is_away_a_void_code_is_shown_to_nobody(stage: Stage) -> None:
    orders = await stage.start()
    order = await bought(stage, orders, "A-1")
    [ticket] = order.tickets
    stage.neighbours.ticketing_trouble.next.extend(refused("OVERLOADED") for _ in range(1_000))
    await void(stage, ticket, 1)

    async def is_hidden() -> None:
        assert await told(orders, order) == [(ticket.ticket_id, "", True)]

    await eventually(is_hidden)
    # It is still to be asked for.
    engine = create_engine(stage.settings["database_url"], application="test")
    later_ms = CLOCK.now_ms() + 2 * LATER_MS
    assert await PostgresPassedTickets(engine).lease_due(later_ms, later_ms + 1, 10) == [
        OrderRef(HOUSE, order.order_id)
    ]
    await engine.dispose()


async def test_an_answer_that_comes_late_puts_nothing_old_back_and_forgets_no_newer_question(stage: Stage) -> None:
    orders = await stage.start()
    order = await bought(stage, orders, "A-1")
    [ticket] = order.tickets
    stage.neighbours.ticketing_trouble.next.extend(refused("OVERLOADED") for _ in range(1_000))
    await void(stage, ticket, 1)

    async def is_asked() -> None:
        assert "GetOrderTickets" in stage.neighbours.ticketing_trouble.calls

    await eventually(is_asked)
    await stage.stop_all()
    engine = create_engine(stage.settings["database_url"], application="test")
    kept, ref, now_ms = PostgresPassedTickets(engine), OrderRef(HOUSE, order.order_id), CLOCK.now_ms()
    older = StandingTicket(SHOW, Ticket("tkt_old", ticket.seat_id, "", True), now_ms)
    newer = StandingTicket(SHOW, Ticket("tkt_new", ticket.seat_id, "BLC1.new"), now_ms + 1)
    await kept.keep(ref, [newer], 1)
    await kept.keep(ref, [older], 1)
    [found] = await rows(stage, "SELECT ticket_id, barcode, passed_on FROM tickets")
    assert found == ("tkt_new", "BLC1.new", False)
    # Neither was the answer to what was asked last.
    later_ms = now_ms + 2 * LATER_MS
    assert await kept.lease_due(later_ms, later_ms + 1, 10) == [ref]
    await kept.keep(ref, [newer], later_ms + 1)
    assert await kept.lease_due(later_ms + 2, later_ms + 3, 10) == []
    await engine.dispose()
