"""Takes balcon.orders.v1 events: who has bought what, the ticks of a checkout, and what is locked of the erased.

All in the transaction of the inbox rows: each event has its effect once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.order_batches import PurchaseSteps, orders_with_traces
from services.customers.adapters.postgres_transaction import PostgresTransaction
from services.customers.domain.audience import Purchase
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent
from services.runtime.seal import Seal

_Told = wire.OrderCreated | wire.OrderConfirmed | wire.OrderCancelled | wire.OrderLinesCancelled | wire.OrderRefunded
_HEARD: dict[str, type[_Told]] = {
    one.DESCRIPTOR.full_name: one
    for one in (
        wire.OrderCreated, wire.OrderConfirmed, wire.OrderCancelled, wire.OrderLinesCancelled, wire.OrderRefunded,
    )
}  # fmt: skip


class OrderEventUnreadable(Fatal):
    """An order's event has bytes that are not the message that its type names."""


@dataclass(frozen=True, slots=True)
class OrderActs:
    """What follows from an order, decided elsewhere."""

    made: Sequence[Callable[[CustomersTransaction, str], Awaitable[None]]]
    paid: Sequence[Callable[[CustomersTransaction, str, int], Awaitable[None]]]
    given_up: Sequence[Callable[[CustomersTransaction, str], Awaitable[None]]]


@dataclass(frozen=True, slots=True)
class _Read:
    """An event that could be read, and its place in the batch."""

    place: int
    event: IncomingEvent
    told: _Told


class OrderEvents:
    """A BatchHandler: what an on-sale brings in one moment is a few statements, however many orders there are."""

    def __init__(self, clock: Clock, ids: Ids, seal: Seal, acts: OrderActs) -> None:
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._acts = acts

    async def __call__(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Applies a batch. An unknown type is a newer publisher's."""
        read = [_read(place, event) for place, event in enumerate(events) if event.type in _HEARD]
        if not read:
            return
        # Most orders were asked nothing, and are of people who are there: nothing is to be done for those.
        traced = await orders_with_traces(connection, {(one.event.house_id, one.told.order_id) for one in read})
        for one in read:
            if (one.event.house_id, one.told.order_id) in traced:
                await self._act(connection, one)
        await _purchases_of(read).write(connection)

    async def _act(self, connection: AsyncConnection, one: _Read) -> None:
        """Raises EventFailed: whoever acts for one order alone knows which it was."""
        now_ms, house_id = self._clock.now_ms(), one.event.house_id
        transaction = PostgresTransaction(connection, house_id, now_ms, ids=self._ids, seal=self._seal)
        try:
            match one.told:
                case wire.OrderCreated(order_id=order_id):
                    for act in self._acts.made:
                        await act(transaction, order_id)
                case wire.OrderConfirmed(order_id=order_id, confirmed_at_ms=paid_at_ms):
                    for follow in self._acts.paid:
                        await follow(transaction, order_id, paid_at_ms)
                case wire.OrderCancelled(order_id=order_id):
                    for act in self._acts.given_up:
                        await act(transaction, order_id)
                case _:
                    return
            await transaction.commit()
        except Exception as error:
            raise EventFailed(one.place, error) from error


def _read(place: int, event: IncomingEvent) -> _Read:
    try:
        return _Read(place, event, _HEARD[event.type].FromString(event.payload))
    except DecodeError as error:
        raise EventFailed(place, OrderEventUnreadable(type=event.type, event_id=event.id)) from error


def _purchases_of(read: Sequence[_Read]) -> PurchaseSteps:
    """What they have bought, and what was bought no more, in the order in which it was told."""
    steps = PurchaseSteps()
    for one in read:
        house_id, told = one.event.house_id, one.told
        if isinstance(told, wire.OrderConfirmed):
            if told.customer_id:
                bought = Purchase(told.order_id, told.performance_id, told.customer_id, told.confirmed_at_ms)
                steps.add(house_id, bought)
        elif isinstance(told, wire.OrderRefunded) or (
            isinstance(told, wire.OrderLinesCancelled) and not told.lines_left
        ):
            steps.end(house_id, told.order_id, told.performance_id)
    return steps
