"""The catalogue's events on the wire: topic balcon.catalogue.v1, key = performance id."""

from __future__ import annotations

from typing import assert_never

from balcon.catalogue.v1 import catalogue_events_pb2 as pb
from google.protobuf.message import Message

from services.catalogue.api.performance_messages import hours_message, performance_message, window_messages
from services.catalogue.domain import performance_events as events
from services.catalogue.domain.performance_times import Times
from services.contracts.wire_types import wire_instant_or_none
from services.runtime.bus.topics import CATALOGUE
from services.runtime.outbox.event import OutgoingEvent


def outgoing_event(event: events.PerformanceEvent) -> OutgoingEvent:
    """The event as the outbox takes it."""
    message = _message(event)
    return OutgoingEvent(
        topic=CATALOGUE,
        key=event.performance.performance_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        house_id=event.performance.house_id,
    )


def _message(event: events.PerformanceEvent) -> Message:
    performance = performance_message(event.performance)
    message: Message
    match event:
        case events.PerformanceCreated():
            message = pb.PerformanceCreated(performance=performance)
        case events.PerformanceOpenedForSale():
            message = pb.PerformanceOpenedForSale(performance=performance)
        case events.PerformanceSaleClosed():
            message = pb.PerformanceSaleClosed(performance=performance)
        case events.PerformancePublished():
            message = pb.PerformancePublished(performance=performance)
        case events.PerformanceHidden():
            message = pb.PerformanceHidden(performance=performance)
        case events.PerformanceUpdated():
            message = pb.PerformanceUpdated(performance=performance, fields=event.fields)
        case events.PerformanceMoved():
            message = pb.PerformanceMoved(performance=performance, before=_times_message(event.before))
        case events.PerformanceCancelled():
            message = pb.PerformanceCancelled(performance=performance)
        case events.PerformanceArchived():
            message = pb.PerformanceArchived(performance=performance)
        case _:
            assert_never(event)
    return message


def _times_message(times: Times) -> pb.PerformanceTimes:
    return pb.PerformanceTimes(
        starts_at=wire_instant_or_none(times.starts_at_ms),
        doors_at=wire_instant_or_none(times.doors_at_ms),
        ends_at=wire_instant_or_none(times.ends_at_ms),
        opening_hours=hours_message(times),
        sale_ends_at=wire_instant_or_none(times.sale_ends_at_ms),
        sales_windows=window_messages(times),
    )
