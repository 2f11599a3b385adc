"""The card deck (R1.1, INV-5) as SQL: seats in two hands, and allotments that do not add up. Each query finds rows of a
performance and what of it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, or_, select

from services.inventory.adapters.tables import allotment, allotment_seat, allotment_step, reservation, reserved_seat
from services.inventory.adapters.tables import seat_block as blocks
from services.inventory.adapters.tables import seat_claim as claims
from services.inventory.domain import allotments as kinds
from services.inventory.domain.records import BlockKind
from services.inventory.domain.reservations import STANDING

_ACTIVE = claims.c.state.in_(("claimed", "sold"))
_GIVEN_BACK = (kinds.RECALLED, kinds.RETURNED, kinds.CLOSED)


def deck_queries() -> Mapping[str, Select[Any]]:
    """By the name of the check: performance, and what."""
    return {
        "no seat both blocked and claimed": _blocked_and_claimed(),
        "no seat both allotted and claimed": _allotted_and(claims, _ACTIVE),
        "no seat both allotted and blocked": _allotted_and(blocks, blocks.c.seat_index >= 0),
        "no seat both reserved and claimed": _reserved_and(claims, _ACTIVE),
        "no seat both reserved and allotted": _reserved_and(allotment_seat, allotment_seat.c.seat_index >= 0),
        # A soft block stays under a reservation.
        "no seat both reserved and blocked": _reserved_and(blocks, blocks.c.kind != BlockKind.SOFT.name),
        "reserved are the seats of reservations that stand": _reserved_of_none(),
        "allotments add up: handed out = open + reported sold + returned": _do_not_add_up(),
        "the steps of an allotment make it what it is": _other_than_their_steps(),
        "a closed allotment has nothing open": _closed_and_open(),
    }


def _seat(index: ColumnElement[int]) -> ColumnElement[str]:
    return "seat index " + cast(index, String)


def _named(performance: ColumnElement[str], allotment_id: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    return select(performance, "allotment " + allotment_id)


def _blocked_and_claimed() -> Select[*tuple[Any, ...]]:
    """A soft block stays under a claim, and ends with the sale."""
    same = and_(blocks.c.performance_id == claims.c.performance_id, blocks.c.seat_index == claims.c.seat_index)
    may_be = and_(blocks.c.kind == BlockKind.SOFT.name, claims.c.state == "claimed")
    return select(claims.c.performance_id, _seat(claims.c.seat_index)).join(blocks, same).where(_ACTIVE, ~may_be)


def _allotted_and(table: Any, condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    seats = allotment_seat
    same = and_(seats.c.performance_id == table.c.performance_id, seats.c.seat_index == table.c.seat_index)
    return select(seats.c.performance_id, _seat(seats.c.seat_index)).join(table, same).where(condition)


def _reserved_and(table: Any, condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    same = and_(
        reserved_seat.c.performance_id == table.c.performance_id, reserved_seat.c.seat_index == table.c.seat_index
    )
    found = select(reserved_seat.c.performance_id, _seat(reserved_seat.c.seat_index))
    return found.join(table, same).where(condition)


def _reserved_of_none() -> Select[*tuple[Any, ...]]:
    """Of reservations with seats or without, and of seats with a reservation or without."""
    has = (
        select(reserved_seat.c.performance_id, reserved_seat.c.reservation_id, func.count().label("seats"))
        .group_by(reserved_seat.c.performance_id, reserved_seat.c.reservation_id)
        .subquery()
    )
    same = and_(
        has.c.performance_id == reservation.c.performance_id, has.c.reservation_id == reservation.c.reservation_id
    )
    whose = func.coalesce(reservation.c.performance_id, has.c.performance_id)
    name = func.coalesce(reservation.c.reservation_id, has.c.reservation_id)
    stands = reservation.c.state == STANDING
    ought = case((stands, func.cardinality(reservation.c.seat_ids)), else_=0)
    return (
        select(whose, "reservation " + name)
        .select_from(reservation.join(has, same, full=True))
        .where(ought.is_distinct_from(func.coalesce(has.c.seats, 0)))
    )


def _do_not_add_up() -> Select[*tuple[Any, ...]]:
    """Of allotments with seats or without, and of seats with an allotment or without."""
    has = (
        select(allotment_seat.c.performance_id, allotment_seat.c.allotment_id, func.count().label("seats"))
        .group_by(allotment_seat.c.performance_id, allotment_seat.c.allotment_id)
        .subquery()
    )
    same = and_(has.c.performance_id == allotment.c.performance_id, has.c.allotment_id == allotment.c.allotment_id)
    whose = func.coalesce(allotment.c.performance_id, has.c.performance_id)
    name = func.coalesce(allotment.c.allotment_id, has.c.allotment_id)
    kept = allotment.c.handed_out - allotment.c.returned
    return (
        _named(whose, name)
        .select_from(allotment.join(has, same, full=True))
        .where(or_(allotment.c.allotment_id.is_(None), kept != func.coalesce(has.c.seats, 0)))
    )


def _other_than_their_steps() -> Select[*tuple[Any, ...]]:
    """Every step is kept, numbered without a gap."""
    seats = func.cardinality(allotment_step.c.seat_ids)
    steps = (
        select(
            allotment_step.c.performance_id,
            allotment_step.c.allotment_id,
            func.count().label("steps"),
            func.max(allotment_step.c.version).label("version"),
            func.sum(case((allotment_step.c.kind == kinds.HANDED_OUT, seats), else_=0)).label("handed_out"),
            func.sum(case((allotment_step.c.kind.in_(_GIVEN_BACK), seats), else_=0)).label("returned"),
        )
        .group_by(allotment_step.c.performance_id, allotment_step.c.allotment_id)
        .subquery()
    )
    same = and_(steps.c.performance_id == allotment.c.performance_id, steps.c.allotment_id == allotment.c.allotment_id)
    whose = func.coalesce(allotment.c.performance_id, steps.c.performance_id)
    name = func.coalesce(allotment.c.allotment_id, steps.c.allotment_id)
    differs = or_(
        *(
            getattr(steps.c, theirs).is_distinct_from(getattr(allotment.c, own))
            for theirs, own in (
                ("steps", "version"),
                ("version", "version"),
                ("handed_out", "handed_out"),
                ("returned", "returned"),
            )
        )
    )
    return _named(whose, name).select_from(allotment.join(steps, same, full=True)).where(differs)


def _closed_and_open() -> Select[*tuple[Any, ...]]:
    seats = allotment_seat
    same = and_(seats.c.performance_id == allotment.c.performance_id, seats.c.allotment_id == allotment.c.allotment_id)
    is_open = and_(allotment.c.closed_at_ms > 0, ~seats.c.reported_sold)
    return select(allotment.c.performance_id, _seat(seats.c.seat_index)).join(seats, same).where(is_open)
