"""What makes letters due, heard on the bus: orders that are confirmed, performances that are moved or cancelled.

Lines of the ledger are added in the transaction of the inbox row; nothing is written or sent here. Names on tickets are
forgotten with whoever is erased.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from balcon.catalogue.v1 import catalogue_events_pb2 as shows
from balcon.catalogue.v1.performances_pb2 import Performance
from balcon.customers.v1 import customers_events_pb2 as customers
from balcon.orders.v1 import orders_events_pb2 as orders
from balcon.orders.v1 import refund_requests_pb2 as requests
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.wire_types import instant_ms
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import after_commit
from services.ticketing.adapters.delivery_rows import DeliveryRows
from services.ticketing.adapters.ticket_rows import TicketRows
from services.ticketing.domain.delivery import (
    HISTORY_MS,
    OLD_NEWS_MS,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Occasion,
    ended,
)

_CONFIRMED: Final = orders.OrderConfirmed.DESCRIPTOR.full_name
_MOVED: Final = shows.PerformanceMoved.DESCRIPTOR.full_name
_MERGED: Final = customers.CustomersMerged.DESCRIPTOR.full_name
_ERASED: Final = customers.CustomerErased.DESCRIPTOR.full_name
_CANCELLED: Final = shows.PerformanceCancelled.DESCRIPTOR.full_name
_REQUESTED: Final = orders.RefundRequestChanged.DESCRIPTOR.full_name
# Who takes a request back needs no letter about it.
_OF_STATE: Final = {
    requests.REFUND_REQUEST_STATE_ASKED: DeliveryKind.REFUND_ASKED,
    requests.REFUND_REQUEST_STATE_GRANTED: DeliveryKind.REFUND_GRANTED,
    requests.REFUND_REQUEST_STATE_DECLINED: DeliveryKind.REFUND_DECLINED,
}
OLD_NEWS: Final = "it was heard three days after it happened"


class DeliveryEventUnreadable(Fatal):
    """An event has bytes that are not the message that its type names."""


class DeliveryEvents:
    """A BatchHandler: what an on-sale confirms in one moment is one statement. `planned`: there are letters to send."""

    def __init__(self, clock: Clock, ids: Ids, planned: Callable[[], None]) -> None:
        self._clock = clock
        self._ids = ids
        self._planned = planned

    async def __call__(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Plans letters. An unknown type is a newer publisher's."""
        now_ms = self._clock.now_ms()
        planned: dict[str, list[Delivery]] = defaultdict(list)
        for event in events:
            try:
                if event.type == _CONFIRMED:
                    told = orders.OrderConfirmed.FromString(event.payload)
                    if now_ms - told.confirmed_at_ms <= HISTORY_MS:
                        # Whoever has exchanged tickets is told that they are others now.
                        kind = DeliveryKind.CHANGED if told.exchange_of else DeliveryKind.CONFIRMATION
                        occasion = Occasion(told.order_id, kind, told.confirmed_at_ms)
                        line = self._line(occasion, now_ms)
                        planned[event.house_id].append(dataclasses.replace(line, buyer_id=told.customer_id))
                elif event.type in {_ERASED, _MERGED}:
                    # Whose names they are is known by what was planned before it.
                    await self._add(connection, planned)
                    planned.clear()
                    await self._gone(TicketRows(connection, event.house_id, now_ms), event)
                elif event.type == _REQUESTED:
                    planned[event.house_id] += self._requested(event, now_ms)
                elif event.type == _MOVED:
                    planned[event.house_id] += await self._moved(connection, event, now_ms)
                elif event.type == _CANCELLED:
                    planned[event.house_id] += await self._cancelled(connection, event, now_ms)
            except DecodeError as error:
                raise DeliveryEventUnreadable(type=event.type, event_id=event.id) from error
        await self._add(connection, planned)

    async def _add(self, connection: AsyncConnection, planned: Mapping[str, Sequence[Delivery]]) -> None:
        for house_id in sorted(planned):
            await DeliveryRows(connection, house_id).plan(planned[house_id])
        if any(planned.values()):
            after_commit(connection, self._planned)

    @staticmethod
    async def _gone(rows: TicketRows, event: IncomingEvent) -> None:
        """Names go with whoever is erased; what is of a customer that became another is the other's."""
        if event.type == _ERASED:
            await rows.forget_names(customers.CustomerErased.FromString(event.payload).customer_id)
        else:
            merged = customers.CustomersMerged.FromString(event.payload)
            await rows.follow_merge(merged.merged_customer_id, merged.customer_id)

    def _requested(self, event: IncomingEvent, now_ms: int) -> list[Delivery]:
        """Once for each state of a request. What is granted as soon as it is asked is one letter."""
        told = orders.RefundRequestChanged.FromString(event.payload)
        kind = _OF_STATE.get(told.state)
        if kind is None or now_ms - told.changed_at_ms > HISTORY_MS:
            return []
        return [self._line(Occasion(told.order_id, kind, told.changed_at_ms, told.refund_request_id), now_ms)]

    async def _moved(self, connection: AsyncConnection, event: IncomingEvent, now_ms: int) -> list[Delivery]:
        """R2.10: buyers are told once of each move."""
        told = shows.PerformanceMoved.FromString(event.payload)
        move, was_at_ms = str(told.performance.move_number), instant_ms(told.before.starts_at)
        occasion = Occasion(
            "", DeliveryKind.MOVED, event.time_ms, move, told.performance.performance_id, was_at_ms=was_at_ms
        )
        return await self._to_holders(connection, event.house_id, told.performance, occasion, now_ms)

    async def _cancelled(self, connection: AsyncConnection, event: IncomingEvent, now_ms: int) -> list[Delivery]:
        performance = shows.PerformanceCancelled.FromString(event.payload).performance
        occasion = Occasion("", DeliveryKind.CANCELLED, event.time_ms, performance_id=performance.performance_id)
        return await self._to_holders(connection, event.house_id, performance, occasion, now_ms)

    async def _to_holders(
        self, connection: AsyncConnection, house_id: str, performance: Performance, occasion: Occasion, now_ms: int
    ) -> list[Delivery]:
        """To everybody who has tickets there that let in. What is over, or was said long ago, is nobody's news."""
        if instant_ms(performance.starts_at) <= now_ms or now_ms - occasion.at_ms > OLD_NEWS_MS:
            return []
        holders = await TicketRows(connection, house_id, now_ms).holders_of(performance.performance_id)
        return [
            self._line(dataclasses.replace(occasion, order_id=order_id), now_ms, holder_id)
            for order_id, holder_id in holders
        ]

    def _line(self, occasion: Occasion, now_ms: int, customer_id: str = "") -> Delivery:
        line = Delivery(self._ids.new_id("dlv"), occasion, customer_id, due_at_ms=now_ms, created_at_ms=now_ms)
        if now_ms - occasion.at_ms <= OLD_NEWS_MS:
            return line
        # Staff see it, and send the tickets by hand where somebody still waits for them.
        return ended(line, DeliveryState.SKIPPED, now_ms, OLD_NEWS)
