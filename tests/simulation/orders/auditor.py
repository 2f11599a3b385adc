"""A small model that knows only: a seat has one owner, and money in means tickets or a refund out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from balcon.orders.v1 import orders_events_pb2 as events

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.domain.order import LineStatus, Order, OrderState
from services.orders.domain.refunds import due_refund
from services.orders.ports import OrderStore, PaymentState
from tests.unit.orders.rig import World


def orders_of(store: OrderStore) -> list[Order]:
    """Every order of the memory store."""
    assert isinstance(store, MemoryOrderStore)
    return store.all_orders()


def lines_of(order: Order) -> list[tuple[tuple[str, str], LineStatus]]:
    """Performance and seat of every line, and what has become of it."""
    return [((part.performance_id, line.seat_id), line.status) for part in order.parts for line in part.lines]


def seats_of(order: Order) -> list[tuple[str, str]]:
    """Performance and seat of every line that nobody has cancelled by itself."""
    return [seat for seat, status in lines_of(order) if status is LineStatus.VALID]


def keeps(order: Order, status: LineStatus) -> bool:
    """Whether a line's seat is the order's at the end: while its ticket is valid, or while it is kept off sale."""
    return status is LineStatus.CANCELLED or (status is LineStatus.VALID and order.state is OrderState.CONFIRMED)


def is_safe(world: World) -> None:
    """At any moment: no seat has two tickets, no ticket is without money, no confirmed seat is somebody else's.

    And what is cancelled keeps no seat on hold, and can not be paid any more (RULE 25).
    """
    owners: dict[tuple[str, str], str] = {}
    for order in orders_of(world.store):
        payment = world.payments.of_order(order.order_id)
        if order.state is OrderState.CANCELLED:
            assert not world.inventory.holds_for(order), f"{order.order_id} is cancelled and keeps its hold"
            is_payable = payment is not None and payment.status is PaymentState.PENDING
            assert not is_payable, f"{order.order_id} was cancelled without proof that no money comes"
        if order.state is not OrderState.CONFIRMED:
            continue
        assert order.is_free or (payment is not None and payment.captured), f"{order.order_id} is not paid"
        for seat in seats_of(order):
            assert seat not in owners, f"{seat} belongs to {owners[seat]} and {order.order_id}"
            owners[seat] = order.order_id
            assert world.inventory.owner_of(*seat) == (order.order_id, "sold"), f"{seat} is not sold to its ticket"


def is_in_the_record(world: World, told: object) -> None:
    """Nobody is told of an order what the record does not have: it may have come further meanwhile, and never less."""
    if not isinstance(told, Order):
        return
    kept = [order for order in orders_of(world.store) if order.order_id == told.order_id]
    assert kept, f"{told.order_id} was told of and is not in the record"
    assert kept[0].state_since_ms >= told.state_since_ms, f"{told.order_id} was told {told.state} too early"


def is_settled(world: World) -> None:
    """At the end: every order ended, every payment has its tickets or went back, no seat is left behind."""
    is_safe(world)
    assert not world.bus
    orders = {order.order_id: order for order in orders_of(world.store)}
    for order in orders.values():
        assert order.state in {OrderState.CONFIRMED, OrderState.CANCELLED, OrderState.REFUNDED}, order
        assert due_refund(order.refunds) is None, f"{order.order_id} still owes money"
        for seat, status in lines_of(order):
            assert status is not LineStatus.RELEASE_DUE, f"{seat} of {order.order_id} never came back on sale"
            owner = world.inventory.owner_of(*seat)
            mine = owner is not None and owner[0] == order.order_id
            assert mine == keeps(order, status), f"{order.order_id} {order.state} {status} {owner}"
    for payment in world.payments.payments():
        order = orders[payment.ref.order_id]
        if payment.captured:
            wanted = OrderState.REFUNDED if payment.refunded else OrderState.CONFIRMED
            assert order.state is wanted, f"{payment} but {order.state}"
            assert order.refunded.amount_minor == payment.refunded_minor, f"{payment} but {order}"
        else:
            assert order.state is OrderState.CANCELLED, f"{payment} but {order.state}"
            assert payment.status is not PaymentState.PENDING, f"{payment} can still be paid"
    _events_tell_it(world, orders)


def vouchers_add_up(world: World, had: Mapping[str, int]) -> None:
    """What is gone from a voucher has paid for something, once; whoever else had it found it spent."""
    gone: Counter[str] = Counter()
    for payment in world.payments.payments():
        if payment.captured:
            gone.update({charge.voucher_id: charge.amount_minor for charge in payment.charges})
    for code, had_minor in had.items():
        left_minor = world.payments.vouchers.balances[code]
        assert 0 <= left_minor == had_minor - gone[f"vch_{code}"], f"{code}: {had_minor} became {left_minor}"


def nothing_goes_back_unasked(world: World, asked: Mapping[str, int], reason: str) -> None:
    """An act of the house whose answer was lost is asked again, and pays once. `reason`: of all that it asks back."""
    for order in orders_of(world.store):
        acts = sum(refund.reason == reason for refund in order.refunds)
        wanted = asked[order.order_id]
        assert acts <= wanted, f"{order.order_id} pays {acts} refunds, and {wanted} were asked for"


def _events_tell_it(world: World, orders: dict[str, Order]) -> None:
    """A reader of the events alone comes to the same seats and the same money (INV-7)."""
    assert isinstance(world.store, MemoryOrderStore)
    sold: Counter[tuple[str, str]] = Counter()
    paid: Counter[tuple[str, str]] = Counter()
    back: Counter[tuple[str, str]] = Counter()
    for event in world.store.events:
        message = getattr(events, event.type.rsplit(".", 1)[1]).FromString(event.payload)
        part = (message.order_id, event.key)
        if isinstance(message, events.OrderConfirmed):
            sold.update((event.key, line.seat_id) for line in message.lines)
            paid[part] = message.total.amount_minor
        elif isinstance(message, events.OrderPartlyRefunded):
            assert back[part] < message.refunded.amount_minor <= message.total.amount_minor
            back[part] = message.refunded.amount_minor
        elif isinstance(message, events.OrderLinesCancelled):
            sold.subtract((event.key, line.seat_id) for line in message.lines)
        elif isinstance(message, events.OrderRefunded):
            sold.subtract((event.key, line.seat_id) for line in message.lines)
            paid.pop(part, None)
    confirmed = [order for order in orders.values() if order.state is OrderState.CONFIRMED]
    assert not -sold, "a ticket was told as cancelled twice"
    assert +sold == Counter(seat for order in confirmed for seat in seats_of(order))
    kept = sum(amount_minor - back[part] for part, amount_minor in paid.items())
    assert kept == sum(order.total.amount_minor - order.refunded.amount_minor for order in confirmed)


def stories(world: World) -> Counter[str]:
    """The rare ways that orders went, as their events tell."""
    assert isinstance(world.store, MemoryOrderStore)
    told: dict[str, list[str]] = {}
    for event in world.store.events:
        name = event.type.rsplit(".", 1)[1]
        told.setdefault(getattr(events, name).FromString(event.payload).order_id, []).append(name)
    ways = Counter(" ".join(names) for names in told.values())
    return Counter(
        {
            "lines_given_back": sum("OrderLinesCancelled" in way and "OrderSeatsReleased" in way for way in ways),
            "refunded_line_by_line": sum(way.endswith("OrderLinesCancelled OrderRefunded") for way in ways),
            "refunded_in_parts": sum("OrderPartlyRefunded" in way and "OrderRefunded" in way for way in ways),
            "kept_a_part": sum(way.endswith("OrderConfirmed OrderPartlyRefunded") for way in ways),
            "claimed_again_after_cancel": ways["OrderCreated OrderCancelled OrderConfirmed"],
            "refunded_after_cancel": ways["OrderCreated OrderCancelled RefundBecameDue OrderRefunded"],
            "refunded_by_the_house": ways["OrderCreated OrderConfirmed RefundBecameDue OrderRefunded"],
        }
    )
