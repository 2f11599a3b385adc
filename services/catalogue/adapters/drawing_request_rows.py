"""Requests to draw a plan, between rows and the domain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.catalogue.adapters.tables import plan_drawings
from services.catalogue.domain.drawing_request import Attachment, DrawingRequest, DrawingState
from services.contracts.pages import Place
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses

_QUEUE = AllHouses("the operator draws plans for every house")
# All but the attachment.
_TOLD = tuple(column for column in plan_drawings.c if column.name != "attachment")


class PostgresDrawingRequestRows:
    """See DrawingRequestRows."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, request: DrawingRequest, content: bytes) -> None:
        row = {
            "house_id": request.house_id,
            "drawing_id": request.drawing_id,
            "hall_id": request.hall_id,
            "notes": request.notes,
            "attachment": content or None,
            "attachment_type": request.attachment_type,
            "requested_at_ms": request.requested_at_ms,
            **_changeable(request),
        }
        await self._connection.execute(sa.insert(plan_drawings), row)

    async def find(self, house_id: str, drawing_id: str, *, locked: bool = False) -> DrawingRequest | None:
        wanted = sa.select(*_TOLD).where(_is(house_id, drawing_id))
        row = (await self._connection.execute(wanted.with_for_update() if locked else wanted)).first()
        return None if row is None else _request(row)

    async def attachment(self, house_id: str, drawing_id: str) -> Attachment | None:
        wanted = sa.select(plan_drawings.c.attachment, plan_drawings.c.attachment_type)
        row = (await self._connection.execute(wanted.where(_is(house_id, drawing_id)))).first()
        return None if row is None or row.attachment is None else Attachment(row.attachment, row.attachment_type)

    async def save(self, request: DrawingRequest) -> None:
        save = sa.update(plan_drawings).where(_is(request.house_id, request.drawing_id))
        await self._connection.execute(save.values(**_changeable(request)))

    async def page(self, house_id: str, after: Place | None, limit: int) -> Sequence[DrawingRequest]:
        wanted = _in_order(after, limit).where(plan_drawings.c.house_id == house_id)
        return [_request(row) for row in await self._connection.execute(wanted)]


class PostgresDrawingQueue:
    """See DrawingQueue."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, states: Collection[DrawingState], after: Place | None, limit: int) -> Sequence[DrawingRequest]:
        wanted = _in_order(after, limit).where(plan_drawings.c.state.in_([state.value for state in states]))
        async with connected(self._engine, _QUEUE) as connection:
            return [_request(row) for row in await connection.execute(wanted)]


def _in_order(after: Place | None, limit: int) -> sa.Select[Any]:
    drawings = plan_drawings.c
    wanted = sa.select(*_TOLD).order_by(drawings.requested_at_ms, drawings.drawing_id).limit(limit)
    if after is None:
        return wanted
    place = sa.tuple_(drawings.requested_at_ms, drawings.drawing_id)
    return wanted.where(place > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))


def _is(house_id: str, drawing_id: str) -> sa.ColumnElement[bool]:
    return (plan_drawings.c.house_id == house_id) & (plan_drawings.c.drawing_id == drawing_id)


def _changeable(request: DrawingRequest) -> dict[str, Any]:
    return {
        "state": request.state.value,
        "reason": request.reason,
        "plan_version": request.plan_version or None,
        "changed_at_ms": request.changed_at_ms,
    }


def _request(row: sa.Row[Any]) -> DrawingRequest:
    return DrawingRequest(
        drawing_id=row.drawing_id,
        house_id=row.house_id,
        hall_id=row.hall_id,
        notes=row.notes,
        attachment_type=row.attachment_type,
        state=DrawingState(row.state),
        requested_at_ms=row.requested_at_ms,
        changed_at_ms=row.changed_at_ms,
        reason=row.reason,
        plan_version=row.plan_version or 0,
    )
