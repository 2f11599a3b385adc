"""Queries of the read model of sales, and of what is linked. Of one house each; they write nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.podiumkunst.adapters.figure_tables import figure_allotments, figure_seats, figure_sums
from services.integrations.podiumkunst.adapters.link_tables import links, platform_performances
from services.integrations.podiumkunst.adapters.show_tables import shows
from services.integrations.podiumkunst.domain.figures import OfficeKind, SellerSales
from services.integrations.podiumkunst.domain.sales import Kind, Seller, Sold
from services.integrations.podiumkunst.domain.show import ShowState
from services.integrations.podiumkunst.ports.figure_store import Allotted, Known, Linked

_OFFICE_KINDS = frozenset(kind.value for kind in OfficeKind)


def linked(house_id: str, after: str, limit: int, performance_id: str, numbers: Collection[str]) -> sa.Select[Any]:
    """Links with what is known of both sides, by number."""
    show = (shows.c.house_id == links.c.house_id) & (shows.c.performance_id == links.c.performance_id)
    listed = (platform_performances.c.house_id == links.c.house_id) & (platform_performances.c.number == links.c.number)
    wanted = (
        sa.select(
            links.c.number,
            links.c.performance_id,
            links.c.code,
            shows.c.title,
            shows.c.starts_at_ms,
            shows.c.state,
            platform_performances.c.status,
        )
        .select_from(links.outerjoin(shows, show).outerjoin(platform_performances, listed))
        .where(links.c.house_id == house_id, links.c.number > after)
        .order_by(links.c.number)
    )
    if performance_id:
        wanted = wanted.where(links.c.performance_id == performance_id)
    if numbers:
        wanted = wanted.where(links.c.number.in_(list(numbers)))
    return wanted.limit(limit) if limit else wanted


def unlinked(house_id: str, limit: int) -> sa.Select[Any]:
    """Performances that nobody has linked, by start."""
    link = (shows.c.house_id == links.c.house_id) & (shows.c.performance_id == links.c.performance_id)
    return (
        sa.select(
            sa.literal("").label("number"),
            shows.c.performance_id,
            shows.c.code,
            shows.c.title,
            shows.c.starts_at_ms,
            shows.c.state,
            sa.literal("").label("status"),
        )
        .select_from(shows.outerjoin(links, link))
        .where(shows.c.house_id == house_id, links.c.number.is_(None), shows.c.is_archived.is_(False))
        .order_by(shows.c.starts_at_ms, shows.c.performance_id)
        .limit(limit)
    )


def linked_of(row: Any) -> Linked:
    """Of a row of both."""
    return Linked(
        number=row.number,
        performance_id=row.performance_id,
        code=row.code,
        title=row.title or "",
        starts_at_ms=row.starts_at_ms or 0,
        is_cancelled=row.state == ShowState.CANCELLED.value,
        platform_status=row.status or "",
    )


async def known(connection: AsyncConnection, house_id: str, performance_ids: Collection[str]) -> Mapping[str, Known]:
    """What the read model knows of each."""
    found = dict.fromkeys(performance_ids, Known())

    def of(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        mine = (table.c.house_id == house_id) & table.c.performance_id.in_(list(found))
        return sa.select(table).where(mine, *conditions).order_by(*table.primary_key)

    for row in await connection.execute(of(figure_sums)):
        sale = SellerSales(
            Seller(row.seller_kind, row.seller), Kind(row.kind), row.currency, Sold(row.tickets, row.recette_minor)
        )
        one = found[row.performance_id]
        found[row.performance_id] = replace(one, sales=(*one.sales, sale))
    for row in await connection.execute(of(figure_seats)):
        found[row.performance_id] = replace(found[row.performance_id], reserved=row.reserved, blocked=row.blocked)
    for row in await connection.execute(of(figure_allotments, figure_allotments.c.reported_sold > 0)):
        # A kind of a later version is nobody's sale that we know of: as with another system's.
        kind = OfficeKind(row.kind) if row.kind in _OFFICE_KINDS else OfficeKind.FOREIGN
        allotted = Allotted(row.allotment_id, row.office_id, kind, row.reported_sold)
        one = found[row.performance_id]
        found[row.performance_id] = replace(one, allotments=(*one.allotments, allotted))
    return found
