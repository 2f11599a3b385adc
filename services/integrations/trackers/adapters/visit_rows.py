"""Visits, performances and orders as trackers know them, in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.trackers.adapters.tracker_tables import shows
from services.integrations.trackers.adapters.visit_tables import sales, visits
from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.domain.consents import ConsentKind, Consents, Decision
from services.integrations.trackers.domain.reached import Sale, Worth
from services.integrations.trackers.domain.visit import NO_TRACES, Traces, Visit
from services.runtime.seal import Seal


class VisitRows:
    """See Visits. `kept_since_ms`: what was told before is too old, whether it was purged or not."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal, *, kept_since_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._fresh = visits.c.recorded_at_ms >= kept_since_ms

    async def find(self, visit_id: str) -> Visit | None:
        """See Visits."""
        row = (await self._connection.execute(sa.select(visits).where(*self._is(visit_id), self._fresh))).first()
        return None if row is None else self._visit(row)

    async def find_all(self, visit_ids: Collection[str]) -> Mapping[str, Visit]:
        """As find(), many at once; those that are there."""
        if not visit_ids:
            return {}
        among = visits.c.visit_id == sa.any_(sa.cast(sorted(visit_ids), ARRAY(sa.Text)))
        wanted = sa.select(visits).where(visits.c.house_id == self._house_id, self._fresh, among)
        return {row.visit_id: self._visit(row) for row in await self._connection.execute(wanted)}

    async def lock(self, visit_id: str) -> Visit | None:
        """See Visits. The empty row keeps others waiting; it is at an age that nobody sees."""
        empty = {"house_id": self._house_id, "visit_id": visit_id, "consents": {}, "recorded_at_ms": 0}
        await self._connection.execute(insert(visits).on_conflict_do_nothing(), empty)
        locked = sa.select(visits, self._fresh.label("is_fresh")).where(*self._is(visit_id)).with_for_update()
        row = (await self._connection.execute(locked)).first()
        return self._visit(row) if row is not None and row.is_fresh else None

    async def save(self, visit: Visit) -> None:
        """See Visits."""
        traces = json.dumps(asdict(visit.traces)).encode()
        values: dict[str, Any] = {
            "consents": {kind.value: list(_pair(visit.consents.of(kind))) for kind in ConsentKind},
            "sealed_traces": None if visit.traces == NO_TRACES else self._seal.sealed(traces),
            "recorded_at_ms": visit.recorded_at_ms,
        }
        key = {"house_id": self._house_id, "visit_id": visit.visit_id}
        save = insert(visits).on_conflict_do_update(index_elements=list(key), set_=values)
        await self._connection.execute(save, {**key, **values})

    async def forget(self, visit_id: str) -> None:
        """See Visits."""
        await self._connection.execute(sa.delete(visits).where(*self._is(visit_id)))

    def _is(self, visit_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        return visits.c.house_id == self._house_id, visits.c.visit_id == visit_id

    def _visit(self, row: sa.Row[Any]) -> Visit:
        sealed = row.sealed_traces
        return Visit(
            house_id=row.house_id,
            visit_id=row.visit_id,
            consents=Consents(**{kind: Decision(*pair) for kind, pair in row.consents.items()}),
            traces=NO_TRACES if sealed is None else Traces(**json.loads(self._seal.opened(bytes(sealed)))),
            recorded_at_ms=row.recorded_at_ms,
        )


def _pair(decision: Decision) -> tuple[bool, int]:
    return decision.granted, decision.at_ms


class ShowRows:
    """See Shows."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def find(self, performance_id: str) -> Show | None:
        """See Shows."""
        wanted = sa.select(shows).where(shows.c.house_id == self._house_id, shows.c.performance_id == performance_id)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else Show(**row._mapping)

    async def learn(self, show: Show) -> None:
        """See Shows."""
        values = asdict(show)
        learn = insert(shows)
        learn = learn.on_conflict_do_update(
            index_elements=["house_id", "performance_id"],
            set_={name: learn.excluded[name] for name in values},
            where=shows.c.revision < learn.excluded.revision,
        )
        await self._connection.execute(learn, values)


class SaleRows:
    """See Sales."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    async def note(self, sale: Sale) -> Sale:
        """See Sales. Waits for whoever notes of the same order: of two, the later sees what both know."""
        values = {
            "house_id": self._house_id,
            "order_id": sale.order_id,
            "performance_id": sale.performance_id,
            "visit_id": sale.visit_id,
            "amount_minor": sale.worth.amount_minor if sale.worth else None,
            "currency": sale.worth.currency if sale.worth else None,
            "tickets": sale.tickets,
            "confirmed_at_ms": sale.confirmed_at_ms,
            "created_at_ms": self._now_ms,
        }
        note = insert(sales)
        new, known = note.excluded, sales.c
        note = note.on_conflict_do_update(
            index_elements=["house_id", "order_id", "performance_id"],
            set_={
                "visit_id": sa.case((known.visit_id == "", new.visit_id), else_=known.visit_id),
                "amount_minor": sa.func.coalesce(known.amount_minor, new.amount_minor),
                "currency": sa.func.coalesce(known.currency, new.currency),
                "tickets": sa.func.greatest(known.tickets, new.tickets),
                "confirmed_at_ms": sa.func.greatest(known.confirmed_at_ms, new.confirmed_at_ms),
            },
        )
        row = (await self._connection.execute(note.returning(sales), values)).one()
        return Sale(
            order_id=row.order_id,
            performance_id=row.performance_id,
            visit_id=row.visit_id,
            worth=None if row.amount_minor is None else Worth(row.amount_minor, row.currency),
            tickets=row.tickets,
            confirmed_at_ms=row.confirmed_at_ms,
        )
