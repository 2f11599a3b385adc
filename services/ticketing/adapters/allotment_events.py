"""Takes balcon.inventory.allotments.v1 events: the code of a seat that leaves its allotment is void at once (R1.14).

In the transaction of the inbox row; it calls nobody.
"""

from __future__ import annotations

from balcon.inventory.v1.allotments_pb2 import (
    ALLOTMENT_STEP_CLOSED,
    ALLOTMENT_STEP_RECALLED,
    ALLOTMENT_STEP_RETURNED,
    AllotmentChanged,
)
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.outbox.event import IncomingEvent
from services.ticketing.adapters.postgres_transaction import PostgresTransaction
from services.ticketing.domain.allotment import Departure
from services.ticketing.domain.office_sales import OfficeAllotment
from services.ticketing.domain.ticket import TicketSource, VoidReason

_TYPE = AllotmentChanged.DESCRIPTOR.full_name
_LEAVING = {
    ALLOTMENT_STEP_RECALLED: VoidReason.SEAT_RECALLED,
    ALLOTMENT_STEP_RETURNED: VoidReason.SEAT_RETURNED,
    ALLOTMENT_STEP_CLOSED: VoidReason.SEAT_RETURNED,
}


class AllotmentEventUnreadable(Fatal):
    """An allotment's event has bytes that are not the message that its type names."""


class AllotmentEvents:
    """An EventHandler."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def __call__(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Applies one event. An unknown type is a newer publisher's."""
        if event.type != _TYPE:
            return
        try:
            told = AllotmentChanged.FromString(event.payload)
        except DecodeError as error:
            raise AllotmentEventUnreadable(type=event.type, event_id=event.id) from error
        reason = _LEAVING.get(told.step)
        transaction = PostgresTransaction(connection, event.house_id, self._clock.now_ms(), ids=self._ids)
        allotment = told.allotment
        if allotment.office_id:
            named = OfficeAllotment(allotment.performance_id, allotment.allotment_id)
            await transaction.office_sales.note_allotment(allotment.office_id, named)
        if reason is not None and told.seat_ids:
            await _leave(transaction, told, reason)
        await transaction.commit()


async def _leave(transaction: PostgresTransaction, told: AllotmentChanged, reason: VoidReason) -> None:
    """A print that has not committed yet finds the departures; one that has, its tickets here."""
    allotment, left = told.allotment, set(told.seat_ids)
    await transaction.tickets.lock([allotment.allotment_id])
    await transaction.departures.add(
        allotment.performance_id,
        allotment.allotment_id,
        [Departure(seat_id, allotment.version) for seat_id in sorted(left)],
    )
    source = TicketSource(allotment_id=allotment.allotment_id)
    valid = await transaction.tickets.valid_of_source(allotment.performance_id, source)
    # Handed out again in a later version, it may have a ticket by now: that one is not meant.
    meant = [one.ticket_id for one in valid if one.seat.seat_id in left and one.source.as_of < allotment.version]
    voided = await transaction.tickets.void(allotment.performance_id, meant, reason)
    transaction.tell_voided(voided, reason)
