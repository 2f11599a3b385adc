"""The OrderStore's contract for orders over two performances and for refunds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.contracts.prices import ComponentKind
from services.orders.domain import changes, commands
from services.orders.domain.order import LineComponent, Money, Order, OrderState, SeatName, SeatStatus, TicketKind, Vat
from services.orders.domain.refunds import LineRef, Refund, RefundMaker, RefundState
from services.orders.domain.refusals import HoldHasOrder
from services.orders.ports import (
    Acted,
    Changed,
    Operation,
    OrderFilter,
    OrderStore,
)
from tests.contract.orders.stored import FAR_MS, acting, added, check_out, confirmed, ref_of, walked
from tests.unit.orders.builders import HOUSE, a_key, a_part, an_order, tickets_for, two_parts


async def confirmed_over_two(store: OrderStore) -> Order:
    order = await added(store, an_order(parts=two_parts()))
    return await walked(
        store,
        order,
        check_out(order),
        commands.SeatsClaimed(0),
        commands.SeatsClaimed(1),
        commands.PaymentPending("pay_1", "https://pay.example/1"),
        commands.PaymentSucceeded("pay_1"),
        commands.SaleConfirmed(tickets_for(order), 0),
        commands.SaleConfirmed(tickets_for(order), 1),
    )


async def test_an_order_over_two_performances_is_read_as_it_was_changed(store: OrderStore) -> None:
    order = await added(store, an_order(parts=two_parts()))
    assert await store.get(ref_of(order)) == order
    half = await walked(store, order, check_out(order), commands.SeatsClaimed(1))
    assert [part.seats for part in half.parts] == [SeatStatus.ASKED, SeatStatus.CLAIMED]
    assert await store.get(ref_of(order)) == half


async def test_the_tickets_of_two_performances_are_kept_each_with_its_part(store: OrderStore) -> None:
    order = await confirmed_over_two(store)
    read = await store.get(ref_of(order))
    assert read == order
    assert [[ticket.seat_id for ticket in part.tickets] for part in read.parts] == [["A-1", "A-2"], ["A-1"]]
    with pytest.raises(Exception, match=r"uq_tickets_valid_seat|two valid tickets"):
        await confirmed(store, an_order(order_id="ord_2", seats=("A-1",), performance_id="perf_2"))


async def test_part_refunds_are_kept_one_by_one_and_the_rest_goes_back_once(store: OrderStore) -> None:
    order = await confirmed_over_two(store)
    parted = await walked(
        store,
        order,
        commands.PaymentPartlyRefunded("pay_1", 1_000),
        commands.PaymentPartlyRefunded("pay_1", 2_500),
    )
    assert (parted.state, parted.refunded) == (OrderState.CONFIRMED, Money(2_500, "EUR"))
    assert [refund.amount_minor for refund in parted.refunds] == [1_000, 1_500]
    assert await store.get(ref_of(order)) == parted
    due = await walked(store, order, commands.RefundOrder("rain"))
    assert await store.get(ref_of(order)) == due
    back = await walked(store, order, commands.PaymentRefunded("pay_1"))
    assert (back.state, back.refunded) == (OrderState.REFUNDED, order.total)
    assert [refund.amount_minor for refund in back.refunds] == [1_000, 1_500, 3_500]
    assert await store.get(ref_of(order)) == back


async def test_a_refund_keeps_the_lines_that_it_is_for(store: OrderStore) -> None:
    order = await confirmed_over_two(store)
    refund = Refund("ord_1-refund-1", 1_000, RefundMaker.HOUSE, RefundState.DUE, "ill", (LineRef("perf_2", "A-1"),))

    def act(known: Order) -> Acted:
        return Acted(replace(known, refunds=(refund,)), (changes.HoldExtended(0),), None)

    assert isinstance(await store.change(ref_of(order), act), Changed)
    read = await store.get(ref_of(order))
    assert read is not None
    assert read.refunds == (refund,)


async def test_a_line_keeps_what_sort_of_price_it_has_its_parts_and_its_vat(store: OrderStore) -> None:
    part = a_part(seats=("A-1",))
    vat = Vat("reduced", 700, 164)
    parts = (
        LineComponent(ComponentKind.BASE, 2_350, Vat("reduced", 700, 154)),
        LineComponent(ComponentKind.SERVICE_FEE, 150),
    )
    name = SeatName("Ground", "Row A", "1")
    line = replace(part.lines[0], kind=TicketKind.DISCOUNT, vat=vat, seat_name=name, components=parts)
    order = await added(store, an_order(parts=(replace(part, lines=(line,)),)))
    read = await store.get(ref_of(order))
    assert read is not None
    assert read.lines == (line,)


async def test_no_hold_of_either_part_is_in_another_order(store: OrderStore) -> None:
    first = await added(store, an_order(parts=two_parts()))
    second_hold = first.parts[1].hold_id
    other = an_order(order_id="ord_2", performance_id="perf_2", hold_id=second_hold, seats=("A-1",))
    assert await store.add(other, a_key("key_2"), FAR_MS) == HoldHasOrder(second_hold, "ord_1", "OPEN")
    assert await store.get(ref_of(other)) is None
    ended = await walked(store, first, commands.HoldGone(1))
    assert ended.state is OrderState.CANCELLING
    await added(store, other, key="key_2")
    both = an_order(order_id="ord_3", parts=two_parts())
    refused = await store.add(both, a_key("key_3"), FAR_MS)
    assert refused == HoldHasOrder(first.first.hold_id, "ord_1", "CANCELLING")
    assert await store.find_key(HOUSE, Operation.CREATE, "key_3") is None


async def test_an_order_over_two_performances_is_in_the_list_of_each(store: OrderStore) -> None:
    order = await added(store, an_order(parts=two_parts()))
    other = await added(store, an_order(order_id="ord_2", performance_id="perf_2"), key="key_2")
    assert await store.list_orders(OrderFilter(HOUSE, "perf_1")) == [order]
    assert await store.list_orders(OrderFilter(HOUSE, "perf_2")) == [other, order]
    assert await store.list_orders(OrderFilter(HOUSE)) == [other, order]


async def test_reports_at_the_same_time_lose_none_of_each_other(store: OrderStore) -> None:
    order = await confirmed_over_two(store)
    sums = [1_000, 2_000, 3_000, 4_000, 5_000]
    reports = [commands.PaymentPartlyRefunded("pay_1", minor) for minor in sums]
    await asyncio.gather(*(store.change(ref_of(order), acting(report)) for report in reports))
    read = await store.get(ref_of(order))
    assert read is not None
    assert read.refunded == Money(5_000, "EUR")
