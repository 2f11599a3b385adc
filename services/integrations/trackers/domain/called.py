"""What a tracker was told, and when by which way: the proof for the house's people that it works. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.integrations.trackers.domain.steps import Step


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, counted once by its event_id. Each time is 0 where that has not happened."""

    tracker_id: str
    event_id: str
    step: Step
    performance_id: str
    visit_id: str
    order_id: str
    handed_out_at_ms: int
    reached_at_ms: int
    queued_at_ms: int
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Activity:
    """How often a tracker was told of a step, and when last (0: never)."""

    step: Step
    handed_out: int = 0
    reached: int = 0
    queued: int = 0
    last_handed_out_at_ms: int = 0
    last_reached_at_ms: int = 0
    last_queued_at_ms: int = 0
