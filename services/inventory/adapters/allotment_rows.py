"""Allotments in the record: read by an activation, written with what they tell in the transaction of a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from balcon.inventory.v1 import allotments_pb2 as pb
from sqlalchemy import Boolean, Integer, String, any_, bindparam, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act
from services.contracts.wire_allotments import wire_allotment
from services.contracts.wire_types import wire_instant, wire_principal
from services.inventory.adapters.outbox_act_log import OutboxActLog, seats_act
from services.inventory.adapters.tables import allotment as allotments
from services.inventory.adapters.tables import allotment_seat as seats
from services.inventory.adapters.tables import allotment_step as steps
from services.inventory.domain import allotments as kinds
from services.inventory.domain.allotments import Allotment, Step
from services.inventory.ports import Performance, SeatPlan
from services.runtime.bus.topics import ALLOTMENTS
from services.runtime.outbox.event import OutgoingEvent

_ACTS: Final[Mapping[int, str]] = {
    kinds.HANDED_OUT: "allotment.handed_out",
    kinds.SOLD_REPORTED: "allotment.reported_sold",
    kinds.REPORT_TAKEN_BACK: "allotment.report_taken_back",
    kinds.RECALLED: "allotment.recalled",
    kinds.RETURNED: "allotment.returned",
    kinds.CLOSED: "allotment.closed",
    kinds.CHANGED: "allotment.changed",
}
# What an allotment's row takes from it by name.
_COLUMNS: Final = (
    "allotment_id",
    "kind",
    "office_id",
    "note",
    "override_reason",
    "version",
    "handed_out",
    "returned",
    "return_due_at_ms",
    "return_pending",
    "closed_at_ms",
    "created_at_ms",
)
_NUMBERS, _TEXTS = ARRAY(Integer), ARRAY(String)


async def load_allotments(connection: AsyncConnection, performance_id: str) -> list[Allotment]:
    """All of them, in the order of their making."""
    own = select(allotments).where(allotments.c.performance_id == performance_id)
    rows = (await connection.execute(own.order_by(allotments.c.created_at_ms, allotments.c.allotment_id))).all()
    having = await _load_seats(connection, performance_id) if rows else {}
    found = []
    for row in rows:
        is_open, is_sold = having.get(row.allotment_id, ((), ()))
        told = {name: getattr(row, name) for name in _COLUMNS}
        found.append(Allotment(**told, open=tuple(is_open), sold=tuple(is_sold)))
    return found


async def _load_seats(
    connection: AsyncConnection, performance_id: str
) -> Mapping[str, tuple[Sequence[int], Sequence[int]]]:
    """By allotment: those that are open, and those that are reported sold."""
    having: dict[str, tuple[list[int], list[int]]] = {}
    query = select(seats.c.allotment_id, seats.c.seat_index, seats.c.reported_sold).where(
        seats.c.performance_id == performance_id, seats.c.seat_index >= 0
    )
    for allotment_id, seat, is_sold in await connection.execute(query.order_by(seats.c.seat_index)):
        having.setdefault(allotment_id, ([], []))[is_sold].append(seat)
    return having


async def load_steps(connection: AsyncConnection, performance_id: str, plan: SeatPlan) -> list[Step]:
    """All that was done; seats that the plan has not any more are left out of what was told of them."""
    index_of = plan.index_of
    query = select(steps).where(steps.c.performance_id == performance_id).order_by(steps.c.at_ms, steps.c.version)
    return [
        Step(
            row.step_id,
            row.allotment_id,
            row.kind,
            row.asked,
            tuple(sorted(index_of[seat_id] for seat_id in row.seat_ids if seat_id in index_of)),
            row.version,
            row.at_ms,
            reason=row.reason,
        )
        for row in await connection.execute(query)
    ]


async def write_steps(
    connection: AsyncConnection,
    performance: Performance,
    epoch: int,
    changes: Sequence[tuple[Allotment, Step]],
    act_log: OutboxActLog,
) -> None:
    """Each step with the allotment that it made, in order, and what topic and act log are told of it."""
    plan = performance.plan
    named = [(allotment, step, [plan.seat_ids[seat] for seat in step.seats]) for allotment, step in changes]
    # Of an allotment that took several steps in one batch, the last.
    last = {allotment.allotment_id: allotment for allotment, _ in changes}
    await _put(connection, performance, epoch, list(last.values()))
    for _, step, seat_ids in named:
        await _move_seats(connection, performance, epoch, step, seat_ids)
    rows = [_step_row(performance, epoch, step, seat_ids) for _, step, seat_ids in named]
    await connection.execute(insert(steps), rows)
    await act_log.publish(connection, [_event(performance, *each) for each in named])
    acts = [(_act(performance, step, seat_ids), step.on_behalf_of) for _, step, seat_ids in named]
    await act_log.record(connection, performance.house_id, acts)


async def _put(connection: AsyncConnection, performance: Performance, epoch: int, changed: Sequence[Allotment]) -> None:
    rows: list[dict[str, object]] = [
        {name: getattr(each, name) for name in _COLUMNS}
        | {"performance_id": performance.performance_id, "house_id": performance.house_id, "epoch": epoch}
        for each in changed
    ]
    statement = insert(allotments)
    again = {name: statement.excluded[name] for name in (*_COLUMNS, "epoch") if name != "allotment_id"}
    keys = ["performance_id", "allotment_id"]
    await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=again), rows)


async def _move_seats(
    connection: AsyncConnection, performance: Performance, epoch: int, step: Step, seat_ids: Sequence[str]
) -> None:
    """One statement, whatever their number: a whole block of a hall is dealt in one batch."""
    if not step.seats:
        return
    indexes = bindparam("indexes", list(step.seats), type_=_NUMBERS)
    own = (seats.c.performance_id == performance.performance_id) & (seats.c.seat_index == any_(indexes))
    match step.kind:
        case kinds.HANDED_OUT:
            dealt = func.unnest(literal(list(step.seats), _NUMBERS), literal(list(seat_ids), _TEXTS))
            dealt_rows = dealt.table_valued("seat", "seat_id", name="dealt").render_derived()
            made: dict[str, Any] = {
                "performance_id": literal(performance.performance_id),
                "seat_index": dealt_rows.c.seat,
                "house_id": literal(performance.house_id),
                "allotment_id": literal(step.allotment_id),
                "seat_id": dealt_rows.c.seat_id,
                "reported_sold": literal(False, Boolean),
                "epoch": literal(epoch),
            }
            await connection.execute(insert(seats).from_select([*made], select(*made.values())))
        case kinds.SOLD_REPORTED | kinds.REPORT_TAKEN_BACK:
            is_sold = step.kind == kinds.SOLD_REPORTED
            await connection.execute(update(seats).where(own).values(reported_sold=is_sold, epoch=epoch))
        case _:
            await connection.execute(delete(seats).where(own))


def _step_row(performance: Performance, epoch: int, step: Step, seat_ids: Sequence[str]) -> dict[str, object]:
    return {
        "performance_id": performance.performance_id,
        "step_id": step.step_id,
        "house_id": performance.house_id,
        "allotment_id": step.allotment_id,
        "version": step.version,
        "kind": step.kind,
        "asked": step.asked,
        "seat_ids": list(seat_ids),
        "reason": step.reason,
        "at_ms": step.at_ms,
        "epoch": epoch,
    }


def _event(performance: Performance, allotment: Allotment, step: Step, seat_ids: Sequence[str]) -> OutgoingEvent:
    told = wire_allotment(performance.house_id, performance.performance_id, performance.plan.plan_version, allotment)
    # What people wrote may name people, and a log of events forgets nothing. Whoever needs it asks the owner.
    told.ClearField("note")
    told.ClearField("override_reason")
    message = pb.AllotmentChanged(
        allotment=told,
        step=pb.AllotmentStep.ValueType(step.kind),
        seat_ids=seat_ids,
        on_behalf_of=None if step.on_behalf_of is None else wire_principal(step.on_behalf_of),
        changed_at=wire_instant(step.at_ms),
    )
    return OutgoingEvent(
        topic=ALLOTMENTS,
        key=performance.performance_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(deterministic=True),
        house_id=performance.house_id,
    )


def _act(performance: Performance, step: Step, seat_ids: Sequence[str]) -> Act:
    act = seats_act(_ACTS[step.kind], performance.performance_id, seat_ids, step.reason)
    return dataclasses.replace(act, facts={**act.facts, "allotment": step.allotment_id})
