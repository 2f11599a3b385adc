"""Performances between rows and the domain, with their prices."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.price_rows import component_rows, components_of, load_book
from services.catalogue.adapters.tables import performances, prices
from services.catalogue.domain.performance import Performance, SaleState
from services.catalogue.domain.price import Price, TicketKind
from services.catalogue.domain.price_book import PriceBook


async def load_performances(connection: AsyncConnection, house_id: str, wanted: sa.Select[Any]) -> list[Performance]:
    """The performances that `wanted`, a select of the whole table for one house, finds; three statements in all."""
    rows = (await connection.execute(wanted)).all()
    if not rows:
        return []
    priced: defaultdict[str, list[Price]] = defaultdict(list)
    of_them = (
        sa.select(prices)
        .where(prices.c.house_id == house_id, prices.c.performance_id.in_([row.performance_id for row in rows]))
        .order_by(prices.c.performance_id, prices.c.place)
    )
    for price in await connection.execute(of_them):
        priced[price.performance_id].append(
            Price(
                price.category,
                price.ticket_type,
                TicketKind(price.kind),
                price.amount_minor,
                price.currency,
                components_of(price.components),
            )
        )
    book = await load_book(connection, house_id)
    return [_performance(row, tuple(priced[row.performance_id]), book) for row in rows]


def _performance(row: sa.Row[Any], its_prices: tuple[Price, ...], book: PriceBook) -> Performance:
    return Performance(
        performance_id=row.performance_id,
        house_id=row.house_id,
        hall_id=row.hall_id,
        plan_version=row.plan_version,
        production_id=row.production_id,
        title=row.title,
        starts_at_ms=row.starts_at_ms,
        sale_state=SaleState(row.sale_state),
        prices=its_prices,
        seats_per_holder=row.seats_per_holder,
        hold_ttl_seconds=row.hold_ttl_seconds,
        capacity=row.capacity,
        refuses_orphans=row.refuses_orphans,
        sale_ends_at_ms=row.starts_at_ms if row.sale_ends_at_ms is None else row.sale_ends_at_ms,
        prices_revision=row.prices_revision,
        book=book,
    )


async def insert_performance(connection: AsyncConnection, performance: Performance, now_ms: int) -> None:
    """Writes the performance and its prices in their order."""
    row = {
        column.name: getattr(performance, column.name)
        for column in performances.c
        if column.name not in {"sale_state", "created_at_ms"}
    }
    row |= {"sale_state": performance.sale_state.value, "created_at_ms": now_ms}
    await connection.execute(sa.insert(performances), row)
    await insert_prices(connection, performance)


async def insert_prices(connection: AsyncConnection, performance: Performance) -> None:
    """Writes the prices in their order; there are none yet."""
    price_rows = []
    for place, price in enumerate(performance.prices):
        assert price.kind is not None
        price_rows.append(
            {
                "house_id": performance.house_id,
                "performance_id": performance.performance_id,
                "category": price.category,
                "ticket_type": price.ticket_type,
                "place": place,
                "kind": price.kind.value,
                "amount_minor": price.amount_minor,
                "currency": price.currency,
                "components": component_rows(price.components),
            }
        )
    await connection.execute(sa.insert(prices), price_rows)
