"""The PassedTickets in Postgres, and what ticketing's events say of them, in the inbox's transaction (RULE 31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from balcon.ticketing.v1.ticketing_events_pb2 import VOID_REASON_TRANSFERRED, TicketsVoided
from google.protobuf.message import DecodeError
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.orders.adapters.tables import orders, tickets
from services.orders.ports import OrderRef
from services.orders.ports.standing_tickets import StandingTicket
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_VOIDED: Final = TicketsVoided.DESCRIPTOR.full_name
_DUE_OF_ALL: Final = AllHouses("tickets of every house are asked for when they are due")


def _texts(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=ARRAY(sa.Text))


_OF_SEATS = sa.and_(
    tickets.c.house_id == sa.bindparam("of_house"),
    tickets.c.performance_id == sa.bindparam("of_performance"),
    tickets.c.seat_id == sa.any_(_texts("seats")),
    tickets.c.valid,
)
_ORDERS_OF_SEATS = sa.select(tickets.c.order_id).where(_OF_SEATS)
# Sorted, as whatever locks many orders.
_LOCK = (
    sa.select(orders.c.order_id)
    .where(orders.c.order_id == sa.any_(_texts("these")))
    .order_by(orders.c.order_id)
    .with_for_update()
)
# The order's version moves with its tickets (see order_statements.VERSIONS).
_MOVE = sa.update(orders).where(orders.c.order_id == sa.any_(_texts("these"))).values(house_id=orders.c.house_id)
# Of a ticket that is not the kept one something newer is known, or will be: the answer to the next question says it.
_PASS_ON = (
    sa.update(tickets)
    .where(_OF_SEATS)
    .values(
        passed_on=tickets.c.passed_on | (tickets.c.ticket_id == sa.any_(_texts("voided"))),
        ask_at_ms=sa.bindparam("now_ms"),
    )
)
_DUE = (
    sa.select(tickets.c.ticket_id)
    .where(tickets.c.ask_at_ms <= sa.bindparam("now_ms"))
    .order_by(tickets.c.ask_at_ms)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE = (
    sa.update(tickets)
    .where(tickets.c.ticket_id.in_(sa.select(_DUE.c.ticket_id)))
    .values(ask_at_ms=sa.bindparam("until_ms"))
    .returning(tickets.c.house_id, tickets.c.order_id)
)
_OF_ORDER = (tickets.c.house_id == sa.bindparam("of_house")) & (tickets.c.order_id == sa.bindparam("of_order"))
_KEEP = (
    sa.update(tickets)
    .where(
        _OF_ORDER,
        tickets.c.performance_id == sa.bindparam("of_performance"),
        tickets.c.seat_id == sa.bindparam("of_seat"),
        tickets.c.ask_at_ms.is_not(None),
        tickets.c.issued_at_ms < sa.bindparam("at_ms"),
    )
    .values(
        ticket_id=sa.bindparam("now_is"),
        barcode=sa.bindparam("code"),
        passed_on=sa.bindparam("is_passed_on"),
        issued_at_ms=sa.bindparam("at_ms"),
    )
)
# Not where it was passed on again meanwhile: then it is due again.
_ASKED = (
    sa.update(tickets).where(_OF_ORDER, tickets.c.ask_at_ms == sa.bindparam("until_ms")).values(ask_at_ms=sa.null())
)


class TicketEventUnreadable(Fatal):
    """A ticket event's bytes are not the message that its type names."""


class TicketEvents:
    """A BatchHandler. It calls nobody: what was passed on shows no code from now on, and is asked for afterwards."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._wake = wake

    async def __call__(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Other types and other reasons are left alone; tickets that are no order's are not here."""
        passed_on = [one for place, event in enumerate(events) if (one := _passed_on(place, event))]
        found: set[str] = set()
        for one in passed_on:
            found |= set(await connection.scalars(_ORDERS_OF_SEATS, one))
        if not found:
            return
        these = {"these": sorted(found)}
        await connection.execute(_LOCK, these)
        await connection.execute(_MOVE, these)
        for one in passed_on:
            await connection.execute(_PASS_ON, one | {"now_ms": self._clock.now_ms()})
        after_commit(connection, self._wake)


def _passed_on(place: int, event: IncomingEvent) -> dict[str, Any] | None:
    if event.type != _VOIDED:
        return None
    try:
        told = TicketsVoided.FromString(event.payload)
    except DecodeError as error:
        raise EventFailed(place, TicketEventUnreadable(type=event.type, event_id=event.id)) from error
    if told.reason != VOID_REASON_TRANSFERRED:
        return None
    return {
        "of_house": event.house_id,
        "of_performance": told.performance_id,
        "seats": list(told.seat_ids),
        "voided": list(told.ticket_ids),
    }


class PostgresPassedTickets:
    """See PassedTickets."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lease_due(self, now_ms: int, until_ms: int, limit: int) -> Sequence[OrderRef]:
        """See PassedTickets.lease_due."""
        times = {"now_ms": now_ms, "until_ms": until_ms, "most": limit}
        async with connected(self._engine, _DUE_OF_ALL) as connection:
            rows = (await connection.execute(_LEASE, times)).all()
        return list(dict.fromkeys(OrderRef(row.house_id, row.order_id) for row in rows))

    async def keep(self, ref: OrderRef, tickets: Sequence[StandingTicket], until_ms: int) -> None:
        """See PassedTickets.keep."""
        of = {"of_house": ref.house_id, "of_order": ref.order_id}
        async with connected(self._engine, HouseScope(ref.house_id)) as connection:
            await connection.execute(_MOVE, {"these": [ref.order_id]})
            for one in tickets:
                await connection.execute(_KEEP, of | _kept(one))
            await connection.execute(_ASKED, of | {"until_ms": until_ms})


def _kept(one: StandingTicket) -> dict[str, Any]:
    ticket = one.ticket
    return {
        "of_performance": one.performance_id,
        "of_seat": ticket.seat_id,
        "now_is": ticket.ticket_id,
        "code": ticket.barcode or ticket.ticket_id,
        "is_passed_on": ticket.passed_on,
        "at_ms": one.issued_at_ms,
    }
