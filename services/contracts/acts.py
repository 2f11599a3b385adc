"""What goes into a house's act log: who did what, when, to what, and why. Written in the transaction of the act itself.

Accounts keeps the log; every service tells it by the topic balcon.acts.v1. For adapters: it knows protos.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from balcon.acts.v1.acts_events_pb2 import ActDone

from services.contracts.wire_types import wire_instant, wire_principal
from services.runtime.bus.topics import ACTS
from services.runtime.call_context import current_principal
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.principal import PrincipalRef


@dataclass(frozen=True, slots=True)
class Act:
    """`act` is thing and verb in the past, such as performance.moved; `facts` are short and no personal data."""

    act: str
    thing: str
    thing_id: str
    reason: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


class _CurrentCall:
    """Stands for whom the current call is for."""


CURRENT_CALL = _CurrentCall()


def act_event(
    house_id: str, act: Act, *, now_ms: int, ids: Ids, who: PrincipalRef | _CurrentCall | None = CURRENT_CALL
) -> OutgoingEvent:
    """The act as the outbox takes it, done by `who`: whom the current call is for, where nobody else is named.

    None: nobody asked for it.
    """
    if isinstance(who, _CurrentCall):
        who = current_principal()
    message = ActDone(
        act_id=ids.new_id("act"),
        house_id=house_id,
        done_at=wire_instant(now_ms),
        who=None if who is None else wire_principal(who),
        act=act.act,
        thing=act.thing,
        thing_id=act.thing_id,
        reason=act.reason,
        facts=act.facts,
    )
    return OutgoingEvent(
        topic=ACTS,
        key=house_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(deterministic=True),
        house_id=house_id,
    )
