"""The catalogue's events on the wire: topic balcon.catalogue.v1, key = performance id."""

from __future__ import annotations

from typing import assert_never

from balcon.catalogue.v1 import catalogue_events_pb2 as pb

from services.catalogue.api.performance_messages import performance_message
from services.catalogue.domain.performance import (
    PerformanceCreated,
    PerformanceEvent,
    PerformanceOpenedForSale,
    PerformanceSaleClosed,
)
from services.runtime.bus.topics import CATALOGUE
from services.runtime.outbox.event import OutgoingEvent


def outgoing_event(event: PerformanceEvent) -> OutgoingEvent:
    """The event as the outbox takes it."""
    performance = performance_message(event.performance)
    message: pb.PerformanceCreated | pb.PerformanceOpenedForSale | pb.PerformanceSaleClosed
    match event:
        case PerformanceCreated():
            message = pb.PerformanceCreated(performance=performance)
        case PerformanceOpenedForSale():
            message = pb.PerformanceOpenedForSale(performance=performance)
        case PerformanceSaleClosed():
            message = pb.PerformanceSaleClosed(performance=performance)
        case _:
            assert_never(event)
    return OutgoingEvent(
        topic=CATALOGUE,
        key=event.performance.performance_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        house_id=event.performance.house_id,
    )
