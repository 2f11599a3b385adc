"""Tickets that were issued or voided, as events of balcon.ticketing.v1. Ids only: no code is ever told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from balcon.ticketing.v1.ticketing_events_pb2 import TicketsIssued, TicketsVoided, VoidReason
from google.protobuf.message import Message

from services.contracts.wire_types import wire_instant
from services.runtime.bus.topics import TICKETS
from services.runtime.outbox.event import OutgoingEvent
from services.ticketing.domain import ticket as domain

# Far within what the bus takes in one message.
TICKETS_AN_EVENT = 500


def issued(house_id: str, tickets: Sequence[domain.Ticket], now_ms: int) -> Iterator[OutgoingEvent]:
    """One event or more for each performance and source."""

    def of(ticket: domain.Ticket) -> tuple[str, str, str]:
        return ticket.performance_id, ticket.source.order_id, ticket.source.allotment_id

    for (performance_id, order_id, allotment_id), group in groupby(sorted(tickets, key=of), of):
        for part in _parts(list(group)):
            message = TicketsIssued(
                house_id=house_id,
                performance_id=performance_id,
                order_id=order_id,
                allotment_id=allotment_id,
                ticket_ids=[ticket.ticket_id for ticket in part],
                seat_ids=[ticket.seat.seat_id for ticket in part],
                issued_at=wire_instant(now_ms),
            )
            yield _event(house_id, performance_id, message)


def voided(
    house_id: str, tickets: Sequence[domain.Ticket], reason: domain.VoidReason, now_ms: int
) -> Iterator[OutgoingEvent]:
    """One event or more for each performance."""

    def of(ticket: domain.Ticket) -> str:
        return ticket.performance_id

    for performance_id, group in groupby(sorted(tickets, key=of), of):
        for part in _parts(list(group)):
            message = TicketsVoided(
                house_id=house_id,
                performance_id=performance_id,
                ticket_ids=[ticket.ticket_id for ticket in part],
                seat_ids=[ticket.seat.seat_id for ticket in part],
                reason=wire_reason(reason),
                voided_at=wire_instant(now_ms),
            )
            yield _event(house_id, performance_id, message)


def wire_reason(reason: domain.VoidReason) -> VoidReason.ValueType:
    """The same names on both sides."""
    return VoidReason.Value(f"VOID_REASON_{reason.value}")


def _parts(tickets: Sequence[domain.Ticket]) -> Iterator[Sequence[domain.Ticket]]:
    for first in range(0, len(tickets), TICKETS_AN_EVENT):
        yield tickets[first : first + TICKETS_AN_EVENT]


def _event(house_id: str, performance_id: str, message: Message) -> OutgoingEvent:
    payload = message.SerializeToString(deterministic=True)
    return OutgoingEvent(TICKETS, performance_id, message.DESCRIPTOR.full_name, payload, house_id)
