"""An event on its way to the bus, as the writing transaction hands it to the outbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One protobuf payload for one topic. `type` is the message's full name: balcon.orders.v1.OrderConfirmed."""

    topic: str
    key: str
    type: str
    payload: bytes
    house_id: str


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """One event as a consumer's handler sees it. `sequence`: from 1, dense per source, topic and key; 0 for a state."""

    id: str
    source: str
    topic: str
    key: str
    type: str
    payload: bytes
    sequence: int
    time_ms: int
    house_id: str
