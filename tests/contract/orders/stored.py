"""Orders in a store: added, and walked through their states."""

from __future__ import annotations

from services.orders.domain import commands
from services.orders.domain.order import Order
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.ports import (
    Act,
    Changed,
    Lease,
    OrderRef,
    OrderStore,
)
from services.runtime.clock import SystemClock
from tests.unit.orders.builders import a_key, an_order, tickets_for

CLOCK = SystemClock()
FAR_MS = CLOCK.now_ms() + 3_600_000


def acting(command: commands.Command) -> Act:
    """The act of a command."""
    return act_on(command, CLOCK, Timing())


def check_out(order: Order) -> commands.CheckOut:
    """With the right total, and time to pay."""
    return commands.CheckOut(order.total, "https://shop.example/", FAR_MS)


def ref_of(order: Order) -> OrderRef:
    """Names it."""
    return OrderRef(order.house_id, order.order_id)


def a_lease(token: str, *, taken_ms: int | None = None, seconds: int = 10) -> Lease:
    """A lease from now, or from then."""
    taken = CLOCK.now_ms() if taken_ms is None else taken_ms
    return Lease(token, taken, taken + seconds * 1000)


async def added(store: OrderStore, order: Order | None = None, *, key: str = "key_1", due_ms: int = FAR_MS) -> Order:
    """The order, stored."""
    order = order or an_order()
    assert await store.add(order, a_key(key), due_ms) is None
    return order


async def walked(store: OrderStore, order: Order, *steps: commands.Command) -> Order:
    """The order after commands that must be accepted."""
    for command in steps:
        changed = await store.change(ref_of(order), acting(command))
        assert isinstance(changed, Changed), changed
        order = changed.order
    return order


async def confirmed(store: OrderStore, order: Order) -> Order:
    """The order of one part, sold."""
    await added(store, order, key=f"key_{order.order_id}")
    return await walked(
        store,
        order,
        check_out(order),
        commands.SeatsClaimed(),
        commands.PaymentPending("pay_1", "https://pay.example/1"),
        commands.PaymentSucceeded("pay_1"),
        commands.SaleConfirmed(tickets_for(order)),
    )
