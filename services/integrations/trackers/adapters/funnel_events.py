"""Steps as events of balcon.funnel.v1, key = visit: nothing personal travels there (INV-9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from balcon.funnel.v1.funnel_events_pb2 import FunnelStep, FunnelStepReached
from google.protobuf.message import DecodeError

from services.contracts.wire_types import instant_ms, wire_instant, wire_money
from services.integrations.trackers.domain.reached import Reached, Worth
from services.integrations.trackers.domain.steps import Step
from services.runtime.bus.topics import FUNNEL
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent

TYPE: Final = FunnelStepReached.DESCRIPTOR.full_name
_TO_WIRE: Final = {step: FunnelStep.Value(f"FUNNEL_STEP_{step.name}") for step in Step}
_FROM_WIRE: Final[Mapping[int, Step]] = {wire: step for step, wire in _TO_WIRE.items()}


class StepUnreadable(Fatal):
    """A step's event has bytes that are not the message that its type names."""


def step_event(reached: Reached) -> OutgoingEvent:
    """The step as everybody is told of it."""
    message = FunnelStepReached(
        house_id=reached.house_id,
        performance_id=reached.performance_id,
        visit_id=reached.visit_id,
        step=_TO_WIRE[reached.step],
        order_id=reached.order_id,
        value=None if reached.worth is None else wire_money(reached.worth.amount_minor, reached.worth.currency),
        tickets=reached.tickets,
        reached_at=wire_instant(reached.at_ms),
    )
    return OutgoingEvent(
        FUNNEL, reached.visit_id, TYPE, message.SerializeToString(deterministic=True), reached.house_id
    )


def step_of(event: IncomingEvent) -> Reached | None:
    """None for a step of a later version. Raises StepUnreadable."""
    try:
        wire = FunnelStepReached.FromString(event.payload)
    except DecodeError as error:
        raise StepUnreadable(type=event.type, event_id=event.id) from error
    step = _FROM_WIRE.get(wire.step)
    if step is None:
        return None
    return Reached(
        house_id=event.house_id,
        performance_id=wire.performance_id,
        visit_id=wire.visit_id,
        step=step,
        at_ms=instant_ms(wire.reached_at) or event.time_ms,
        order_id=wire.order_id,
        worth=Worth(wire.value.amount_minor, wire.value.currency) if wire.HasField("value") else None,
        tickets=wire.tickets,
    )
