"""Takes balcon.funnel.v1, balcon.orders.v1 and balcon.catalogue.v1 events, each in the transaction of its inbox row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from balcon.catalogue.v1 import catalogue_events_pb2 as catalogue
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.trackers.adapters import funnel_events
from services.integrations.trackers.adapters.grpc_catalogue import show_of
from services.integrations.trackers.adapters.postgres_transaction import PostgresTransaction, TransactionTools
from services.integrations.trackers.domain.reached import Reached, Sale, Worth
from services.integrations.trackers.ports.transaction import TrackersTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

_CONFIRMED: Final = OrderConfirmed.DESCRIPTOR.full_name
# Each carries the performance as it is from then on.
_OF_SHOWS: Final = {
    one.DESCRIPTOR.full_name: one
    for one in (
        catalogue.PerformanceCreated,
        catalogue.PerformanceOpenedForSale,
        catalogue.PerformanceSaleClosed,
        catalogue.PerformancePublished,
        catalogue.PerformanceHidden,
        catalogue.PerformanceUpdated,
        catalogue.PerformanceMoved,
        catalogue.PerformanceCancelled,
        catalogue.PerformanceArchived,
    )
}

OnStep = Callable[[TrackersTransaction, Reached], Awaitable[None]]
OnSale = Callable[[TrackersTransaction, Sale], Awaitable[None]]


class EventUnreadable(Fatal):
    """An event has bytes that are not the message that its type names."""


class HeardEvents:
    """An EventHandler. What follows from a step and from a sale is decided elsewhere."""

    def __init__(self, clock: Clock, tools: TransactionTools, *, on_step: OnStep, on_sale: OnSale) -> None:
        self._clock = clock
        self._tools = tools
        self._on_step = on_step
        self._on_sale = on_sale

    async def __call__(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Applies one event. Other types are left alone."""
        transaction = PostgresTransaction(connection, event.house_id, self._clock.now_ms(), self._tools)
        if event.type == funnel_events.TYPE:
            reached = funnel_events.step_of(event)
            if reached is not None:
                await self._on_step(transaction, reached)
        elif event.type == _CONFIRMED:
            await self._on_sale(transaction, _sale(event))
        elif event.type in _OF_SHOWS:
            try:
                performance = _OF_SHOWS[event.type].FromString(event.payload).performance
            except DecodeError as error:
                raise EventUnreadable(type=event.type, event_id=event.id) from error
            await transaction.shows.learn(show_of(event.house_id, performance))


def _sale(event: IncomingEvent) -> Sale:
    try:
        sold = OrderConfirmed.FromString(event.payload)
    except DecodeError as error:
        raise EventUnreadable(type=event.type, event_id=event.id) from error
    return Sale(
        order_id=sold.order_id,
        performance_id=sold.performance_id,
        worth=Worth(sold.total.amount_minor, sold.total.currency),
        tickets=len(sold.lines),
        confirmed_at_ms=sold.confirmed_at_ms,
    )
