"""Brings what services tell of acts into the act log, in the transaction of the event's inbox row (RULE 31)."""

from __future__ import annotations

from balcon.acts.v1.acts_events_pb2 import ActDone
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.act_rows import add_act
from services.accounts.domain.act_log import RecordedAct
from services.contracts.wire_types import instant_ms, principal_of, refused_principal
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

GROUP = "accounts-acts"
_TYPE = ActDone.DESCRIPTOR.full_name


class ActMalformed(Fatal):
    """An act's content breaks its contract."""


async def keep_act(connection: AsyncConnection, event: IncomingEvent) -> None:
    """Handler of the topic of acts. Types of a later release are left alone."""
    if event.type == _TYPE:
        await add_act(connection, act_of(event))


def act_of(event: IncomingEvent) -> RecordedAct:
    """The act in an event (ActMalformed)."""
    try:
        told = ActDone.FromString(event.payload)
    except DecodeError as error:
        raise ActMalformed(event_id=event.id, field="payload") from error
    if told.house_id != event.house_id or not told.house_id:
        raise ActMalformed(event_id=event.id, field="house_id")
    if not told.act_id or not told.act:
        raise ActMalformed(event_id=event.id, field="act_id" if told.act else "act")
    who = None
    if told.HasField("who"):
        if refused_principal("who", told.who) is not None:
            raise ActMalformed(event_id=event.id, field="who")
        who = principal_of(told.who)
    return RecordedAct(
        act_id=told.act_id,
        house_id=told.house_id,
        done_at_ms=instant_ms(told.done_at),
        who=who,
        act=told.act,
        thing=told.thing,
        thing_id=told.thing_id,
        reason=told.reason,
        facts=dict(told.facts),
    )
