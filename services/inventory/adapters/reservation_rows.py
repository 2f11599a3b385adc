"""Reservations in the record: read by an activation, written with their acts in the transaction of a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act
from services.contracts.instants import instant_text
from services.inventory.adapters.outbox_act_log import OutboxActLog, seats_act
from services.inventory.adapters.tables import reservation as rows
from services.inventory.adapters.tables import reserved_seat as seats
from services.inventory.domain.changes import ReservationExtended, ReservingChange, SeatsReserved
from services.inventory.domain.reservations import EXPIRED, STANDING, Reservation
from services.inventory.ports import Performance, SeatPlan


async def load_reservations(connection: AsyncConnection, performance_id: str, plan: SeatPlan) -> list[Reservation]:
    """All of them; of those that ended, the seats that the plan still has."""
    own = select(rows).where(rows.c.performance_id == performance_id)
    found = (await connection.execute(own.order_by(rows.c.reserved_at_ms, rows.c.reservation_id))).all()
    if not found:
        # Of most performances there are none.
        return []
    having: dict[str, list[int]] = {}
    in_use = select(seats.c.reservation_id, seats.c.seat_index).where(
        seats.c.performance_id == performance_id, seats.c.seat_index >= 0
    )
    for reservation_id, seat in await connection.execute(in_use.order_by(seats.c.seat_index)):
        having.setdefault(reservation_id, []).append(seat)
    index_of = plan.index_of
    return [
        Reservation(
            row.reservation_id,
            row.holder_id,
            tuple(
                having[row.reservation_id]
                if row.state == STANDING
                else sorted(index_of[seat_id] for seat_id in row.seat_ids if seat_id in index_of)
            ),
            row.channel,
            row.reference,
            row.deadline_ms,
            row.reserved_at_ms,
            row.asked,
            row.state,
        )
        for row in found
    ]


async def write_reservations(
    connection: AsyncConnection,
    performance: Performance,
    epoch: int,
    changes: Sequence[ReservingChange],
    act_log: OutboxActLog,
) -> None:
    """What changed of each, in order, and who did it."""
    for change in changes:
        await put_reservation(connection, performance, epoch, change.reservation)
    acts = [(_act(performance, change), change.on_behalf_of) for change in changes]
    await act_log.record(connection, performance.house_id, acts)


async def put_reservation(
    connection: AsyncConnection, performance: Performance, epoch: int, reservation: Reservation
) -> None:
    """The reservation as it is now, and the seats that it has: none once it has ended."""
    seat_ids = _seat_ids(performance, reservation)
    own = {"performance_id": performance.performance_id, "reservation_id": reservation.reservation_id}
    changing = {"deadline_ms": reservation.deadline_ms, "state": reservation.state, "epoch": epoch}
    row = (
        own
        | changing
        | {
            "house_id": performance.house_id,
            "holder_id": reservation.holder_id,
            "channel": reservation.channel,
            "reference": reservation.reference,
            "reserved_at_ms": reservation.reserved_at_ms,
            "asked": reservation.asked,
            "seat_ids": seat_ids,
        }
    )
    statement = insert(rows).values(row)
    added = await connection.scalar(
        statement.on_conflict_do_nothing(index_elements=[*own]).returning(rows.c.reservation_id)
    )
    if added is not None:
        named = zip(reservation.seats, seat_ids, strict=True)
        reserved = [
            own | {"seat_index": seat, "house_id": performance.house_id, "seat_id": seat_id, "epoch": epoch}
            for seat, seat_id in named
        ]
        await connection.execute(insert(seats), reserved)
        return
    of_it = (rows.c.performance_id == performance.performance_id) & (
        rows.c.reservation_id == reservation.reservation_id
    )
    await connection.execute(rows.update().where(of_it).values(**changing))
    if reservation.state != STANDING:
        its_seats = (seats.c.performance_id == performance.performance_id) & (
            seats.c.reservation_id == reservation.reservation_id
        )
        await connection.execute(delete(seats).where(its_seats))


def _seat_ids(performance: Performance, reservation: Reservation) -> list[str]:
    return [performance.plan.seat_ids[seat] for seat in reservation.seats]


def _act(performance: Performance, change: ReservingChange) -> Act:
    reservation = change.reservation
    if isinstance(change, SeatsReserved):
        name = "seats.reserved"
    elif isinstance(change, ReservationExtended):
        name = "reservation.extended"
    else:
        name = "reservation.expired" if reservation.state == EXPIRED else "reservation.released"
    act = seats_act(name, performance.performance_id, _seat_ids(performance, reservation))
    until = instant_text(reservation.deadline_ms) if reservation.deadline_ms else ""
    return dataclasses.replace(act, facts={**act.facts, "reservation": reservation.reservation_id, "deadline": until})
