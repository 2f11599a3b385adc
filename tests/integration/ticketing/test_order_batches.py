"""Batches of order events: one statement notes which orders are to be looked at, whatever their house."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from balcon.orders.v1 import orders_events_pb2 as wire
from balcon.orders.v1.orders_service_pb2 import OrderLine
from balcon.ticketing.v1.ticketing_events_pb2 import TicketsVoided
from google.protobuf.message import Message
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.bus.topics import ORDERS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.application import EventApplication, EventFailed, all_of
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.inbox import Inbox
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.plans import read_through, statements_of
from services.ticketing.adapters.delivery_events import DeliveryEvents
from services.ticketing.adapters.invoice_events import InvoiceEvents, InvoiceEventUnreadable
from services.ticketing.adapters.order_events import OrderEvents
from services.ticketing.adapters.ticket_rows import TicketRows
from services.ticketing.domain.ticket import SeatOfTicket, Ticket, TicketSource

_EVERYWHERE = AllHouses("tests look at all houses")
IDS = RandomIds()
# Each invoices, has invoiced one order by hand, or neither.
AUTOMATIC, BY_HAND, NOT = "hou_automatic", "hou_by_hand", "hou_not"


@pytest.fixture
async def engine(emptied_database_url: Callable[[str], str]) -> AsyncIterator[AsyncEngine]:
    made = create_engine(emptied_database_url("ticketing"), application="test", by_key=True)
    yield made
    await made.dispose()


async def run(engine: AsyncEngine, sql: str) -> list[tuple[object, ...]]:
    async with connected(engine, _EVERYWHERE) as connection:
        rows = await connection.execute(text(sql))
        return [tuple(row) for row in rows] if rows.returns_rows else []


async def open_houses(engine: AsyncEngine) -> None:
    columns = "legal_name, address_lines, vat_number, registration, number_prefix, small_up_to_minor, note, revision"
    plain = "'', '{}', '', '', '', 0, '', 1"
    houses = f"('{AUTOMATIC}', true, {plain}), ('{BY_HAND}', false, {plain})"
    await run(engine, f"INSERT INTO invoicing (house_id, automatic, {columns}) VALUES {houses}")
    columns = "house_id, invoice_id, order_id, number, kind, currency, language, corrects, refund_id, replaced_by"
    invoice = f"'{BY_HAND}', 'inv_1', 'ord_2', '1', 'INVOICE', 'EUR', 'nl', '', '', ''"
    columns += ", has_buyer, issued_at_ms, year, count, total_minor, lines, keep_until_ms"
    invoice += ", false, 1, 2026, 1, 0, '[]', 1"
    await run(engine, f"INSERT INTO invoices ({columns}) VALUES ({invoice})")


def incoming(house_id: str, message: Message, sequence: int = 1, key: str = "perf_1") -> IncomingEvent:
    name, payload = message.DESCRIPTOR.full_name, message.SerializeToString()
    return IncomingEvent(IDS.new_id("evt"), "test", ORDERS, key, name, payload, sequence, 1, house_id)


class StoodClock(SystemClock):
    """It is as late as a test says."""

    at_ms = 1_000

    def now_ms(self) -> int:
        return self.at_ms


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """Every statement that is run meanwhile, as often as it is."""
    run: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        run.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


class Looks:
    """The handler, and how often it said that there is something to look at."""

    def __init__(self) -> None:
        self.clock = StoodClock()
        self.noted = 0
        self.handler = InvoiceEvents(self.clock, self._note)

    def _note(self) -> None:
        self.noted += 1

    async def hear(self, engine: AsyncEngine, *events: IncomingEvent) -> None:
        async with connected(engine, _EVERYWHERE) as connection:
            await self.handler(connection, events)


async def test_orders_are_noted_where_the_house_invoices_or_has_invoiced_them_and_each_once(
    engine: AsyncEngine,
) -> None:
    await open_houses(engine)
    looks = Looks()
    sold = [wire.OrderConfirmed(order_id=f"ord_{number}", performance_id="perf_1") for number in (2, 1)]
    back = wire.OrderRefunded(order_id="ord_2", performance_id="perf_1")
    other = wire.OrderCreated(order_id="ord_3", performance_id="perf_1")
    batch = [incoming(house, one) for house in (AUTOMATIC, BY_HAND, NOT) for one in (*sold, back, other)]
    await looks.hear(engine, *batch)
    wanted = "SELECT house_id, order_id, look_at_ms, failures, version FROM invoice_looks ORDER BY 1, 2"
    assert await run(engine, wanted) == [
        (AUTOMATIC, "ord_1", 1_000, 0, 1),
        (AUTOMATIC, "ord_2", 1_000, 0, 1),
        (BY_HAND, "ord_2", 1_000, 0, 1),
    ]
    assert looks.noted == 1
    # Something more happens to one of them, which was put off: it is looked at now, and as another moment of it.
    await run(engine, "UPDATE invoice_looks SET look_at_ms = 99999, failures = 3")
    looks.clock.at_ms += 500
    await looks.hear(engine, incoming(AUTOMATIC, back))
    assert await run(engine, wanted + " OFFSET 1 LIMIT 1") == [(AUTOMATIC, "ord_2", 1_500, 0, 2)]
    assert looks.noted == 2
    await looks.hear(engine, incoming(NOT, back), incoming(AUTOMATIC, other))
    assert looks.noted == 2


async def test_the_event_that_cannot_be_read_is_named_and_none_of_its_batch_counts(engine: AsyncEngine) -> None:
    await open_houses(engine)
    looks = Looks()
    good = incoming(AUTOMATIC, wire.OrderConfirmed(order_id="ord_1"))
    bad = IncomingEvent("evt_bad", "test", ORDERS, "perf_1", good.type, b"\xff\xff", 2, 1, AUTOMATIC)
    with pytest.raises(EventFailed) as failed:
        await looks.hear(engine, good, good, bad, good)
    assert failed.value.index == 2
    assert isinstance(failed.value.cause, InvoiceEventUnreadable)
    assert await run(engine, "SELECT 1 FROM invoice_looks") == []
    assert not looks.noted


async def test_what_orders_tell_costs_no_statement_an_order_and_reads_no_whole_table(engine: AsyncEngine) -> None:
    """RULE 31 and the effect, in as many statements for forty orders as for one."""
    await open_houses(engine)
    clock = StoodClock()
    planned: list[bool] = []
    planner = DeliveryEvents(clock, IDS, lambda: planned.append(True))
    heard = all_of([OrderEvents(clock, IDS), InvoiceEvents(clock, lambda: None), planner])
    application = EventApplication(engine, Inbox("test"), heard, clock)

    def batch(numbers: Sequence[int]) -> list[IncomingEvent]:
        orders = [
            wire.OrderConfirmed(order_id=f"ord_{one}", customer_id="cus_1", confirmed_at_ms=900) for one in numbers
        ]
        return [incoming(AUTOMATIC, one, number) for number, one in zip(numbers, orders, strict=True)]

    with statements_of(engine) as of_one:
        await application.apply(batch([1]))
    with statements_of(engine) as of_forty:
        await application.apply(batch(range(2, 42)))
    assert set(of_forty) == set(of_one)
    assert len(of_one) <= 6
    assert not await read_through(engine, of_forty, _EVERYWHERE)
    assert await run(engine, "SELECT count(*) FROM deliveries") == [(41,)]
    assert len(planned) == 2
    await application.apply([incoming(AUTOMATIC, wire.OrderCreated(order_id="ord_42"), 42)])
    assert len(planned) == 2
    assert await run(engine, "SELECT count(*) FROM invoice_looks") == [(41,)]


def a_ticket(order_id: str, seat_id: str, performance_id: str = "perf_1") -> Ticket:
    source = TicketSource(order_id=order_id, as_of=1)
    return Ticket(IDS.new_id("tkt"), performance_id, source, SeatOfTicket(seat_id, "normal"), seat_id, 1)


async def issue(engine: AsyncEngine, *tickets: Ticket) -> None:
    async with connected(engine, _EVERYWHERE) as connection:
        assert not await TicketRows(connection, NOT, 1).add(tickets)


async def test_orders_that_end_in_one_batch_end_at_once_and_only_they(engine: AsyncEngine) -> None:
    """A show that is called off: as many statements for forty orders as for two, and of each ticket one word."""
    events = OrderEvents(StoodClock(), IDS)

    def ended(numbers: Sequence[int]) -> list[IncomingEvent]:
        due = [wire.RefundBecameDue(order_id=f"ord_{one}", performance_id="perf_1") for one in numbers]
        back = [wire.OrderRefunded(order_id=f"ord_{one}", performance_id="perf_1") for one in numbers]
        return [incoming(NOT, one) for one in (*due, *back)]

    await issue(engine, *(a_ticket(f"ord_{one}", f"A-{one}") for one in range(43)))
    # Of another performance of the same order: that one has its own event.
    await issue(engine, a_ticket("ord_1", "A-1", "perf_2"))
    counts = []
    for numbers in (range(2), range(2, 42)):
        with counted(engine) as statements:
            async with connected(engine, _EVERYWHERE) as connection:
                await events(connection, ended(numbers))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8
    left = await run(engine, "SELECT order_id, performance_id FROM tickets WHERE voided_at_ms IS NULL ORDER BY 1")
    assert left == [("ord_1", "perf_2"), ("ord_42", "perf_1")]
    assert await run(engine, "SELECT count(*), max(revocation) FROM tickets WHERE revocation > 0") == [(42, 42)]
    assert await run(engine, "SELECT count(*) FROM ended_orders") == [(42,)]
    told = await run(engine, "SELECT payload FROM outbox WHERE topic = 'balcon.tickets.v1' ORDER BY id")
    voided = [TicketsVoided.FromString(bytes(payload)) for (payload,) in told]  # type: ignore[call-overload]
    assert sorted(seat for one in voided for seat in one.seat_ids) == sorted(f"A-{one}" for one in range(42))


async def test_what_ends_and_what_is_cancelled_in_one_batch_keep_their_order(engine: AsyncEngine) -> None:
    """A line that was cancelled before its order ended is told as that, and not twice; one after it is not told."""
    await issue(
        engine, *(a_ticket(order, seat) for order, seat in (("ord_1", "A-1"), ("ord_1", "A-2"), ("ord_2", "A-3")))
    )

    def lines(order_id: str, seat_id: str) -> IncomingEvent:
        line = OrderLine(seat_id=seat_id)
        return incoming(NOT, wire.OrderLinesCancelled(order_id=order_id, performance_id="perf_1", lines=[line]))

    def back(order_id: str) -> IncomingEvent:
        return incoming(NOT, wire.OrderRefunded(order_id=order_id, performance_id="perf_1"))

    batch = [back("ord_2"), lines("ord_2", "A-3"), lines("ord_1", "A-1"), back("ord_1")]
    async with connected(engine, _EVERYWHERE) as connection:
        await OrderEvents(StoodClock(), IDS)(connection, batch)
    assert await run(engine, "SELECT seat_id, void_reason, revocation FROM tickets ORDER BY 3") == [
        ("A-3", "ORDER_ENDED", 1),
        ("A-1", "LINE_CANCELLED", 2),
        ("A-2", "ORDER_ENDED", 3),
    ]
