"""Tickets of orders: the same again however often they are asked for, one valid a seat, void with their order."""

from __future__ import annotations

import asyncio

import pytest
from balcon.orders.v1 import orders_events_pb2 as orders
from balcon.orders.v1.orders_service_pb2 import OrderLine
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from balcon.ticketing.v1.ticketing_events_pb2 import (
    VOID_REASON_LINE_CANCELLED,
    VOID_REASON_ORDER_ENDED,
    VOID_REASON_RESEATED,
    TicketsIssued,
    TicketsVoided,
)
from sqlalchemy.exc import IntegrityError

from services.contracts.ticket_codes import CodeFacts, checked_code
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.ticketing.stage import HOUSE, PAID_MS, SHOW, Ticketing, an_order

ENDED = f"VOID {VOID_REASON_ORDER_ENDED}"


def due(order_id: str) -> orders.RefundBecameDue:
    return orders.RefundBecameDue(order_id=order_id, house_id=HOUSE, performance_id=SHOW, due_at_ms=PAID_MS + 1)


async def becomes_void(ticketing: Ticketing, code: str) -> None:
    async def is_void() -> None:
        assert await ticketing.checked(code) == ENDED

    await eventually(is_void)


async def test_each_seat_gets_a_code_that_a_door_reads_without_asking(ticketing: Ticketing) -> None:
    answer = await ticketing.issued("ord_1", "A-2", "A-1")
    assert [ticket.seat_id for ticket in answer.tickets] == ["A-2", "A-1"]
    keys = await ticketing.keys()
    for ticket in answer.tickets:
        read = checked_code(ticket.code, keys)
        assert isinstance(read, CodeFacts)
        assert (read.ticket_id, read.performance_id, read.seat_id) == (ticket.ticket_id, SHOW, ticket.seat_id)
        assert await ticketing.checked(ticket.code) == "VALID"
        assert await ticketing.checked(ticket.code, "perf_2") == "OTHER_PERFORMANCE"
        assert await ticketing.checked(ticket.code, house_id="hse_2") == "UNKNOWN"


async def test_asked_again_by_many_at_once_it_is_the_same_answer(ticketing: Ticketing) -> None:
    answers = await asyncio.gather(*(ticketing.issued("ord_1", "A-1", "A-2") for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert await ticketing.rows("SELECT count(*) FROM tickets") == [(2,)]
    issued = await ticketing.rows(f"SELECT 1 FROM outbox WHERE type = '{TicketsIssued.DESCRIPTOR.full_name}'")
    assert len(issued) == 1


async def test_an_order_has_all_of_its_tickets_or_none_and_others_of_the_call_have_theirs(
    ticketing: Ticketing,
) -> None:
    await ticketing.issued("ord_1", "A-1")
    wanted = [an_order("ord_2", "A-3", "A-1"), an_order("ord_3", "A-4")]
    request = pb.IssueTicketsRequest(house_id=HOUSE, orders=wanted)
    second, third = (await ticketing.stub.IssueTickets(request)).orders
    assert (second.refused, len(second.tickets)) == ("SEAT_HAS_TICKET", 0)
    assert (third.refused, len(third.tickets)) == ("", 1)
    assert await ticketing.rows("SELECT order_id, seat_id FROM tickets ORDER BY 1") == [
        ("ord_1", "A-1"),
        ("ord_3", "A-4"),
    ]


async def test_a_seat_that_is_sold_again_gets_its_ticket_once_the_earlier_one_is_void(ticketing: Ticketing) -> None:
    first = await ticketing.issued("ord_1", "A-1")
    assert (await ticketing.issued("ord_2", "A-1")).refused == "SEAT_HAS_TICKET"
    await ticketing.tell_order(due("ord_1"))
    await becomes_void(ticketing, first.tickets[0].code)
    second = await ticketing.issued("ord_2", "A-1")
    assert await ticketing.checked(second.tickets[0].code) == "VALID"
    told = await ticketing.revocations()
    assert [(one.number, one.ticket_id) for one in told.revocations] == [(1, first.tickets[0].ticket_id)]
    assert told.last_number == 1
    assert not (await ticketing.revocations(after=1)).revocations


async def test_an_order_whose_money_goes_back_gets_no_tickets_any_more(ticketing: Ticketing) -> None:
    await ticketing.tell_order(due("ord_1"))

    async def is_refused() -> None:
        assert (await ticketing.issued("ord_1", "A-1")).refused == "ORDER_ENDED"

    await eventually(is_refused)


async def test_a_cancellation_voids_what_was_issued_before_it_and_not_what_a_late_payment_got(
    ticketing: Ticketing,
) -> None:
    early = await ticketing.issued("ord_1", "A-1", paid_ms=PAID_MS)
    late = await ticketing.issued("ord_2", "A-2", paid_ms=PAID_MS + 2)
    for order_id in ("ord_2", "ord_1"):
        told = orders.OrderCancelled(
            order_id=order_id, house_id=HOUSE, performance_id=SHOW, cancelled_at_ms=PAID_MS + 1
        )
        await ticketing.tell_order(told)
    await becomes_void(ticketing, early.tickets[0].code)
    assert await ticketing.checked(late.tickets[0].code) == "VALID"
    again = await ticketing.issued("ord_1", "A-1", paid_ms=PAID_MS + 3)
    assert again.tickets[0].ticket_id != early.tickets[0].ticket_id


async def test_events_tell_ids_and_no_codes(ticketing: Ticketing) -> None:
    answer = await ticketing.issued("ord_1", "A-1")
    await ticketing.tell_order(due("ord_1"))
    await becomes_void(ticketing, answer.tickets[0].code)
    [(issued,)] = await ticketing.rows("SELECT payload FROM outbox WHERE type LIKE '%TicketsIssued'")
    [(voided,)] = await ticketing.rows("SELECT payload FROM outbox WHERE type LIKE '%TicketsVoided'")
    assert TicketsIssued.FromString(bytes(issued)).ticket_ids == [answer.tickets[0].ticket_id]
    assert TicketsVoided.FromString(bytes(voided)).seat_ids == ["A-1"]
    assert answer.tickets[0].code[-60:].encode() not in bytes(issued) + bytes(voided)


async def test_the_database_itself_lets_no_second_ticket_of_a_seat_in(ticketing: Ticketing) -> None:
    await ticketing.issued("ord_1", "A-1")
    columns = "performance_id, order_id, allotment_id, as_of, print_id, ticket_type, zone, seat_row, seat, code"
    with pytest.raises(IntegrityError, match="uq_tickets_valid_seat"):
        await ticketing.damage(
            f"INSERT INTO tickets (house_id, ticket_id, seat_id, is_foreign, issued_at_ms, {columns})"
            f" SELECT house_id, 'tkt_x', seat_id, is_foreign, issued_at_ms, {columns} FROM tickets"
        )


async def test_all_that_is_wrong_is_told_at_once(ticketing: Ticketing) -> None:
    wrong = an_order("ord 1", "A-1", "A-1", performance_id="p" * 45)
    wrong.ClearField("paid_at")
    refused = await refusal(ticketing.stub.IssueTickets(pb.IssueTicketsRequest(house_id="", orders=[wrong, wrong])))
    assert refused.reason == "FIELD_INVALID"
    assert int(refused.facts["violations"]) >= 7


async def test_codes_outlive_their_key_until_its_time_is_over(ticketing: Ticketing, clock: ShiftedClock) -> None:
    first = (await ticketing.issued("ord_1", "A-1")).tickets[0].code
    clock.forward(days=89)
    assert len(await ticketing.keys()) == 2
    clock.forward(days=8)
    second = (await ticketing.issued("ord_2", "A-2")).tickets[0].code
    keys = await ticketing.keys()
    facts = [checked_code(code, keys) for code in (first, second)]
    assert all(isinstance(one, CodeFacts) for one in facts)
    assert len({one.key_id for one in facts if isinstance(one, CodeFacts)}) == 2
    clock.forward(days=800)
    assert await ticketing.checked(first) == "UNKNOWN"


async def test_the_audit_finds_nothing_wrong(ticketing: Ticketing) -> None:
    await ticketing.issued("ord_1", "A-1")
    assert [check for check in await ticketing.audit() if check.violations] == []


async def test_a_door_that_watches_is_told_what_becomes_void(ticketing: Ticketing) -> None:
    answer = await ticketing.issued("ord_1", "A-1")
    watch = ticketing.stub.WatchRevocations(pb.WatchRevocationsRequest(house_id=HOUSE, performance_id=SHOW))
    first = await anext(aiter(watch))
    assert (len(first.revocations), first.last_number) == (0, 0)
    await ticketing.tell_order(due("ord_1"))
    then = await asyncio.wait_for(anext(aiter(watch)), 30)
    assert [one.ticket_id for one in then.revocations] == [answer.tickets[0].ticket_id]
    assert then.last_number == 1
    watch.cancel()


@pytest.mark.parametrize(
    ("exchanged_for", "reason"), [("", VOID_REASON_LINE_CANCELLED), ("ord_2", VOID_REASON_RESEATED)]
)
async def test_a_cancelled_line_is_void_at_once_and_the_others_of_its_order_let_in(
    ticketing: Ticketing, exchanged_for: str, reason: int
) -> None:
    first, second = (await ticketing.issued("ord_1", "A-1", "A-2")).tickets
    lines = [OrderLine(seat_id="A-1")]
    told = orders.OrderLinesCancelled(order_id="ord_1", house_id=HOUSE, performance_id=SHOW, lines=lines, lines_left=1)
    told.exchanged_for = exchanged_for
    await ticketing.tell_order(told)

    async def is_void() -> None:
        assert await ticketing.checked(first.code) == f"VOID {reason}"

    await eventually(is_void)
    assert await ticketing.checked(second.code) == "VALID"
    late_copy = await ticketing.issued("ord_1", "A-1", "A-2")
    assert (late_copy.refused, len(late_copy.tickets)) == ("ORDER_ENDED", 0)
    again = await ticketing.issued("ord_2", "A-1")
    assert await ticketing.checked(again.tickets[0].code) == "VALID"
