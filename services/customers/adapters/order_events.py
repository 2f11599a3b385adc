"""Takes balcon.orders.v1 events: who has bought what, the ticks of a checkout, and what is locked of the erased.

All in the transaction of the inbox row: each event has its effect once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.postgres_transaction import PostgresTransaction
from services.customers.domain.audience import Purchase
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.outbox.event import IncomingEvent
from services.runtime.seal import Seal

_CREATED = wire.OrderCreated.DESCRIPTOR.full_name
_CONFIRMED = wire.OrderConfirmed.DESCRIPTOR.full_name
_CANCELLED = wire.OrderCancelled.DESCRIPTOR.full_name
_REFUNDED = wire.OrderRefunded.DESCRIPTOR.full_name
_LINES_CANCELLED = wire.OrderLinesCancelled.DESCRIPTOR.full_name
_HEARD = frozenset({_CREATED, _CONFIRMED, _CANCELLED, _LINES_CANCELLED, _REFUNDED})


class OrderEventUnreadable(Fatal):
    """An order's event has bytes that are not the message that its type names."""


@dataclass(frozen=True, slots=True)
class OrderActs:
    """What follows from an order, decided elsewhere."""

    made: Sequence[Callable[[CustomersTransaction, str], Awaitable[None]]]
    paid: Sequence[Callable[[CustomersTransaction, str, int], Awaitable[None]]]
    given_up: Sequence[Callable[[CustomersTransaction, str], Awaitable[None]]]


class OrderEvents:
    """An EventHandler."""

    def __init__(self, clock: Clock, ids: Ids, seal: Seal, acts: OrderActs) -> None:
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._acts = acts

    async def __call__(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Applies one event. An unknown type is a newer publisher's."""
        if event.type not in _HEARD:
            return
        now_ms = self._clock.now_ms()
        transaction = PostgresTransaction(connection, event.house_id, now_ms, ids=self._ids, seal=self._seal)
        try:
            await self._apply(transaction, event)
        except DecodeError as error:
            raise OrderEventUnreadable(type=event.type, event_id=event.id) from error
        await transaction.commit()

    async def _apply(self, transaction: PostgresTransaction, event: IncomingEvent) -> None:
        if event.type == _CREATED:
            made = wire.OrderCreated.FromString(event.payload)
            for act in self._acts.made:
                await act(transaction, made.order_id)
        elif event.type == _CONFIRMED:
            sold = wire.OrderConfirmed.FromString(event.payload)
            for follow in self._acts.paid:
                await follow(transaction, sold.order_id, sold.confirmed_at_ms)
            await _bought(transaction, sold)
        elif event.type == _CANCELLED:
            ended = wire.OrderCancelled.FromString(event.payload)
            for act in self._acts.given_up:
                await act(transaction, ended.order_id)
        elif event.type == _LINES_CANCELLED:
            cancelled = wire.OrderLinesCancelled.FromString(event.payload)
            if not cancelled.lines_left:
                await transaction.purchases.end(cancelled.order_id, cancelled.performance_id)
        else:
            back = wire.OrderRefunded.FromString(event.payload)
            await transaction.purchases.end(back.order_id, back.performance_id)


async def _bought(transaction: PostgresTransaction, sold: wire.OrderConfirmed) -> None:
    if not sold.customer_id:
        return
    # Locked: an erasure or a merge at this moment would pass by what is written here.
    customer = await transaction.customers.lock(sold.customer_id)
    if customer is None:
        # Erased: nothing is told of nobody.
        return
    await transaction.purchases.add(
        Purchase(sold.order_id, sold.performance_id, customer.customer_id, sold.confirmed_at_ms)
    )
