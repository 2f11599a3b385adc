"""One contract for the OrderStore in memory and the one in Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.contracts.pages import Place
from services.orders.domain import commands
from services.orders.domain.order import Money, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.payment_choice import PaymentChoice
from services.orders.domain.refusals import HoldHasOrder, OrderNotOpen
from services.orders.ports import (
    Changed,
    KeyInRecord,
    Operation,
    OrderFilter,
    OrderRef,
    OrderStore,
)
from tests.contract.orders.stored import CLOCK, FAR_MS, a_lease, acting, added, check_out, confirmed, ref_of, walked
from tests.unit.orders.builders import HOUSE, NOW_MS, a_key, an_order


async def test_an_order_is_read_as_it_was_added(store: OrderStore) -> None:
    order = await added(store)
    assert await store.get(ref_of(order)) == order


async def test_an_order_is_read_as_it_was_changed_with_its_tickets(store: OrderStore) -> None:
    order = await confirmed(store, an_order())
    assert order.state is OrderState.CONFIRMED
    assert await store.get(ref_of(order)) == order


async def test_an_order_keeps_where_and_how_its_buyer_pays(store: OrderStore) -> None:
    order = await added(store)
    choice = PaymentChoice("pac_1", "ideal")
    after = await walked(store, order, replace(check_out(order), pays_by=choice))
    assert after.pays_by == choice
    assert await store.get(ref_of(order)) == after


async def test_another_house_does_not_find_the_order(store: OrderStore) -> None:
    order = await added(store)
    foreign = OrderRef("house_b", order.order_id)
    assert await store.get(foreign) is None
    assert await store.change(foreign, acting(commands.CancelOrder())) is None
    assert not await store.list_orders(OrderFilter("house_b"))
    assert not await store.states_of([foreign])


async def test_a_key_is_taken_once_and_nothing_is_stored_the_second_time(store: OrderStore) -> None:
    order = await added(store)
    other = an_order(order_id="ord_2")
    assert await store.add(other, a_key("key_1"), FAR_MS) == KeyInRecord("key_1", order.order_id, 0)
    assert await store.get(ref_of(other)) is None
    assert await store.find_key(HOUSE, Operation.CREATE, "key_1") == KeyInRecord("key_1", order.order_id, 0)
    assert await store.find_key(HOUSE, Operation.CHECK_OUT, "key_1") is None
    assert await store.find_key("house_b", Operation.CREATE, "key_1") is None


async def test_a_hold_is_in_one_order_at_a_time(store: OrderStore) -> None:
    first = await added(store)
    second = an_order(order_id="ord_2", hold_id=first.first.hold_id)
    refused = await store.add(second, a_key("key_2"), FAR_MS)
    assert refused == HoldHasOrder(first.first.hold_id, first.order_id, "OPEN")
    assert await store.get(ref_of(second)) is None
    assert await store.find_key(HOUSE, Operation.CREATE, "key_2") is None
    assert await store.get(ref_of(first)) == first


async def test_holds_of_one_name_on_other_performances_and_in_other_houses_are_other_holds(store: OrderStore) -> None:
    first = await added(store)
    await added(store, an_order(order_id="ord_2", hold_id=first.first.hold_id, performance_id="perf_2"), key="key_2")
    elsewhere = an_order(order_id="ord_3", hold_id=first.first.hold_id, house_id="house_b")
    key = replace(a_key("key_3"), house_id="house_b")
    assert await store.add(elsewhere, key, FAR_MS) is None


async def test_a_hold_that_was_let_go_of_may_be_in_another_order(store: OrderStore) -> None:
    first = await added(store)
    await walked(store, first, commands.CancelOrder())
    second = an_order(order_id="ord_2", hold_id=first.first.hold_id)
    refused = await store.add(second, a_key("key_2"), FAR_MS)
    assert refused == HoldHasOrder(first.first.hold_id, first.order_id, "CANCELLING")
    await walked(store, first, commands.HoldLetGo())
    await added(store, second, key="key_2")


async def test_of_two_orders_of_one_hold_at_the_same_time_one_is_stored(store: OrderStore) -> None:
    orders = [an_order(order_id=f"ord_{number}", hold_id="hold_shared") for number in range(4)]
    answers = await asyncio.gather(*(store.add(order, a_key(f"key_{order.order_id}"), FAR_MS) for order in orders))
    stored = [order for order, answer in zip(orders, answers, strict=True) if answer is None]
    assert len(stored) == 1
    refused = [answer for answer in answers if answer is not None]
    assert refused == [HoldHasOrder("hold_shared", stored[0].order_id, "OPEN")] * 3


async def test_a_change_with_a_known_key_changes_nothing(store: OrderStore) -> None:
    order = await added(store)
    key = a_key("out_1", Operation.CHECK_OUT, busy_until_ms=7)
    assert isinstance(await store.change(ref_of(order), acting(check_out(order)), key=key), Changed)
    again = await store.change(ref_of(order), acting(commands.CancelOrder()), key=key)
    assert again == KeyInRecord("out_1", order.order_id, 7)
    assert (await store.states_of([ref_of(order)]))[ref_of(order)] is OrderState.CLAIMING


async def test_a_refused_change_leaves_its_key_free(store: OrderStore) -> None:
    order = await walked(store, await added(store), commands.CancelOrder())
    key = a_key("out_1", Operation.CHECK_OUT)
    assert isinstance(await store.change(ref_of(order), acting(check_out(order)), key=key), OrderNotOpen)
    assert await store.find_key(HOUSE, Operation.CHECK_OUT, "out_1") is None


async def test_a_due_order_is_leased_to_one_at_a_time(store: OrderStore) -> None:
    order = await added(store, due_ms=CLOCK.now_ms() - 1)
    await added(store, an_order(order_id="ord_later"), key="key_2")
    first = await store.lease_due(a_lease("one"), 10)
    assert [leased.order for leased in first] == [order]
    assert not await store.lease_due(a_lease("two"), 10)


async def test_a_lease_that_ran_out_goes_to_the_next(store: OrderStore) -> None:
    order = await added(store, due_ms=CLOCK.now_ms() - 1)
    lost = a_lease("one", taken_ms=CLOCK.now_ms() - 1, seconds=0)
    assert await store.lease_due(lost, 10)
    assert [leased.order for leased in await store.lease_due(a_lease("two"), 10)] == [order]
    await store.postpone(order, lost, CLOCK.now_ms() - 1)  # too late: another has it, and keeps it
    assert not await store.lease_due(a_lease("three"), 10)
    await store.postpone(order, a_lease("two"), CLOCK.now_ms() - 1)
    assert [leased.failures for leased in await store.lease_due(a_lease("three"), 10)] == [1]


async def test_who_lost_the_lease_neither_keeps_it_nor_ends_anothers_by_a_change(store: OrderStore) -> None:
    order = await added(store, due_ms=CLOCK.now_ms() - 1)
    lost = a_lease("one", taken_ms=CLOCK.now_ms() - 1, seconds=0)
    assert await store.lease_due(lost, 10)
    assert await store.lease_due(a_lease("two"), 10)
    changed = await store.change(ref_of(order), acting(check_out(order)), lease=lost)
    assert isinstance(changed, Changed)
    assert not changed.leased
    assert not await store.lease_due(a_lease("three"), 10)


async def test_a_postponed_order_waits_and_counts_its_failures(store: OrderStore) -> None:
    order = await added(store, due_ms=CLOCK.now_ms() - 1)
    lease = a_lease("one")
    await store.lease_due(lease, 10)
    await store.postpone(order, lease, CLOCK.now_ms() - 1)
    again = await store.lease_due(a_lease("two"), 10)
    assert [leased.failures for leased in again] == [1]
    await store.postpone(order, a_lease("two"), CLOCK.now_ms() - 1, in_vain=False)
    again = await store.lease_due(a_lease("three"), 10)
    assert [leased.failures for leased in again] == [0]
    await store.postpone(order, a_lease("three"), FAR_MS)
    assert not await store.lease_due(a_lease("four"), 10)


async def test_an_order_that_moved_meanwhile_is_not_postponed(store: OrderStore) -> None:
    order = await added(store, due_ms=CLOCK.now_ms() - 1)
    lease = a_lease("one")
    await store.lease_due(lease, 10)
    await walked(store, order, check_out(order))
    await store.postpone(order, lease, FAR_MS)
    again = await store.lease_due(a_lease("two"), 10)
    assert [(leased.order.state, leased.failures) for leased in again] == [(OrderState.CLAIMING, 0)]


async def test_a_change_takes_the_lease_only_when_it_is_free(store: OrderStore) -> None:
    order = await added(store, due_ms=CLOCK.now_ms() - 1)
    other = await added(store, an_order(order_id="ord_2"), key="key_2")
    await store.lease_due(a_lease("driver"), 10)
    taken = await store.change(ref_of(order), acting(check_out(order)), lease=a_lease("mine"), take=True)
    free = await store.change(ref_of(other), acting(check_out(other)), lease=a_lease("mine"), take=True)
    assert isinstance(taken, Changed)
    assert not taken.leased
    assert isinstance(free, Changed)
    assert free.leased
    assert not await store.lease_due(a_lease("driver_2"), 10)


async def test_the_lease_is_given_back_when_nothing_is_due_at_once(store: OrderStore) -> None:
    order = await added(store)
    lease = a_lease("mine")
    await store.change(ref_of(order), acting(check_out(order)), lease=lease, take=True)
    await store.change(ref_of(order), acting(commands.SeatsClaimed()), lease=lease)
    pending = commands.PaymentPending("pay_1", "https://pay.example/1")
    paying = await store.change(ref_of(order), acting(pending), lease=lease)
    assert isinstance(paying, Changed)
    assert not paying.leased
    await walked(store, order, commands.PaymentSucceeded("pay_1"))
    assert [one.order.state for one in await store.lease_due(a_lease("driver"), 10)] == [OrderState.PAID]


async def test_an_ended_order_is_never_due(store: OrderStore) -> None:
    await confirmed(store, an_order())
    assert not await store.lease_due(a_lease("driver", taken_ms=FAR_MS * 2), 10)


async def test_an_act_without_changes_stores_nothing(store: OrderStore) -> None:
    order = await added(store)
    changed = await store.change(ref_of(order), acting(commands.HoldSeen(1)))
    assert changed == Changed(order, (), leased=False)


async def test_a_seat_has_one_valid_ticket_until_its_refund_is_due(store: OrderStore) -> None:
    first = await confirmed(store, an_order())
    await walked(store, first, commands.RefundOrder("rain"))
    second = await confirmed(store, an_order(order_id="ord_2"))
    assert second.state is OrderState.CONFIRMED
    with pytest.raises(Exception, match=r"uq_tickets_valid_seat|two valid tickets"):
        await confirmed(store, an_order(order_id="ord_3"))


async def test_orders_are_listed_newest_first_in_pages(store: OrderStore) -> None:
    for number in range(5):
        await added(store, an_order(order_id=f"ord_{number}", created_at_ms=NOW_MS + number // 2), key=f"key_{number}")
    first = await store.list_orders(OrderFilter(HOUSE, limit=3))
    assert [order.order_id for order in first] == ["ord_4", "ord_3", "ord_2"]
    last = first[-1]
    rest = await store.list_orders(OrderFilter(HOUSE, after=Place(last.created_at_ms, last.order_id)))
    assert [order.order_id for order in rest] == ["ord_1", "ord_0"]


async def test_lists_keep_to_performance_and_states(store: OrderStore) -> None:
    await added(store, an_order(order_id="ord_1"), key="key_1")
    await added(store, an_order(order_id="ord_2", performance_id="perf_2"), key="key_2")
    cancelled = await added(store, an_order(order_id="ord_3"), key="key_3")
    await walked(store, cancelled, commands.CancelOrder())
    open_here = OrderFilter(HOUSE, "perf_1", frozenset({OrderState.OPEN}))
    assert [order.order_id for order in await store.list_orders(open_here)] == ["ord_1"]


async def test_old_keys_are_forgotten_in_bounded_steps(store: OrderStore) -> None:
    for number in range(3):
        await added(store, an_order(order_id=f"ord_{number}"), key=f"key_{number}")
    assert await store.purge_keys(CLOCK.now_ms() - 60_000, 10) == 0
    assert await store.purge_keys(FAR_MS, 2) == 2
    assert await store.purge_keys(FAR_MS, 2) == 1


async def test_unresolved_orders_are_counted_by_state(store: OrderStore) -> None:
    await added(store)
    paying = await added(store, an_order(order_id="ord_2"), key="key_2")
    await walked(store, paying, check_out(paying))
    assert await store.unresolved_counts() == {OrderState.CLAIMING: 1}


async def test_everything_known_of_seats_and_money_is_kept(store: OrderStore) -> None:
    order = await confirmed(store, an_order(seats=("B-1",), price=1_250))
    refunded = await walked(store, order, commands.RefundOrder("rain"), commands.PaymentRefunded("pay_1"))
    read = await store.get(ref_of(order))
    assert read == refunded
    assert (read.first.seats, read.payment, read.total) == (
        SeatStatus.SOLD,
        PaymentStatus.REFUNDED,
        Money(1_250, "EUR"),
    )
    assert [one.order.order_id for one in await store.lease_due(a_lease("driver"), 5)] == [order.order_id]
