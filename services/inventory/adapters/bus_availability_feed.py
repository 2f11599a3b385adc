"""Tells availability on the bus: the compacted topic of latest counts. A lost one is healed by the next."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.inventory.v1.inventory_service_pb2 import SeatCounts

from services.inventory.ports import Availability
from services.runtime.bus.port import Bus, Message
from services.runtime.bus.topics import AVAILABILITY
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message

SOURCE = "balcon.inventory"


class BusAvailabilityFeed:
    """See ports.AvailabilityFeed."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def publish(self, latest: Sequence[Availability]) -> None:
        await self._bus.publish([message_of(availability) for availability in latest])


def message_of(availability: Availability) -> Message:
    """The CloudEvent of one performance's counts; its id is the version it tells."""
    event = AvailabilityChanged(
        house_id=availability.house_id,
        performance_id=availability.performance_id,
        epoch=availability.epoch,
        version=availability.version,
        counts=SeatCounts(**availability.counts.by_name()),
        observed_at_ms=availability.observed_at_ms,
    )
    return to_message(
        OutgoingEvent(
            AVAILABILITY,
            availability.performance_id,
            AvailabilityChanged.DESCRIPTOR.full_name,
            event.SerializeToString(),
            availability.house_id,
        ),
        event_id=f"{availability.performance_id}-{availability.epoch}-{availability.version}",
        source=SOURCE,
        time_ms=availability.observed_at_ms,
    )
