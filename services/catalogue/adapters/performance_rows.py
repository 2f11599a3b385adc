"""Performances between rows and the domain, with their prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.price_rows import component_rows, components_of, load_book
from services.catalogue.adapters.quota_rows import load_quotas
from services.catalogue.adapters.tables import performances, prices
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance, Publication, SaleState
from services.catalogue.domain.performance_filter import PerformanceFilter
from services.catalogue.domain.performance_texts import search_text
from services.catalogue.domain.performance_times import Admission, SalesWindow, Times
from services.catalogue.domain.price import Price, TicketKind
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.production import ProductionText
from services.catalogue.domain.quota import Quota
from services.catalogue.domain.refusals import CodeTaken
from services.contracts.channels import Channel
from services.contracts.pages import Place
from services.runtime.errors import StoreUnavailable


async def load_performances(connection: AsyncConnection, house_id: str, wanted: sa.Select[Any]) -> list[Performance]:
    """The performances that `wanted`, a select of the whole table for one house, finds.

    Four statements in all, and one more where quotas name their performances.
    """
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
    limited = await load_quotas(connection, house_id, {row.performance_id: row.production_id for row in rows})
    return [_performance(row, tuple(priced[row.performance_id]), book, limited[row.performance_id]) for row in rows]


def _performance(
    row: sa.Row[Any], its_prices: tuple[Price, ...], book: PriceBook, its_quotas: tuple[Kept[Quota], ...]
) -> Performance:
    return Performance(
        performance_id=row.performance_id,
        house_id=row.house_id,
        hall_id=row.hall_id,
        plan_version=row.plan_version,
        production_id=row.production_id,
        title=row.title,
        times=Times(
            starts_at_ms=row.starts_at_ms,
            doors_at_ms=row.doors_at_ms,
            ends_at_ms=row.ends_at_ms,
            opens_at_ms=row.opens_at_ms,
            closes_at_ms=row.closes_at_ms,
            sale_ends_at_ms=row.starts_at_ms if row.sale_ends_at_ms is None else row.sale_ends_at_ms,
            sales_windows=tuple(
                SalesWindow(Channel(window["channel"]), window["opens_at_ms"], window["closes_at_ms"])
                for window in row.sales_windows
            ),
        ),
        sale_state=SaleState(row.sale_state),
        prices=its_prices,
        seats_per_holder=row.seats_per_holder,
        seats_per_customer=row.seats_per_customer,
        seats_per_instrument=row.seats_per_instrument,
        hold_ttl_seconds=row.hold_ttl_seconds,
        capacity=row.capacity,
        refuses_orphans=row.refuses_orphans,
        admission=Admission(row.admission),
        code=row.code,
        texts=msgspec.convert(row.texts, tuple[ProductionText, ...]),
        publication=Publication(row.publication),
        published_at_ms=row.published_at_ms,
        move_number=row.move_number,
        refund_until_ms=row.refund_until_ms,
        cancelled_at_ms=row.cancelled_at_ms,
        archived_at_ms=row.archived_at_ms,
        series_id=row.series_id,
        revision=row.revision,
        prices_revision=row.prices_revision,
        book=book,
        quotas=its_quotas,
    )


def _changeable(performance: Performance) -> dict[str, Any]:
    times = performance.times
    windows = []
    for window in times.sales_windows:
        assert window.channel is not None
        windows.append(
            {
                "channel": window.channel.value,
                "opens_at_ms": window.opens_at_ms,
                "closes_at_ms": window.closes_at_ms,
            }
        )
    return {
        "hall_id": performance.hall_id,
        "plan_version": performance.plan_version,
        "production_id": performance.production_id,
        "title": performance.title,
        "capacity": performance.capacity,
        "starts_at_ms": times.starts_at_ms,
        "doors_at_ms": times.doors_at_ms,
        "ends_at_ms": times.ends_at_ms,
        "opens_at_ms": times.opens_at_ms,
        "closes_at_ms": times.closes_at_ms,
        "sale_ends_at_ms": times.sale_ends_at_ms,
        "sales_windows": windows,
        "sale_state": performance.sale_state.value,
        "seats_per_holder": performance.seats_per_holder,
        "seats_per_customer": performance.seats_per_customer,
        "seats_per_instrument": performance.seats_per_instrument,
        "hold_ttl_seconds": performance.hold_ttl_seconds,
        "refuses_orphans": performance.refuses_orphans,
        "admission": performance.admission.value,
        "code": performance.code,
        "texts": msgspec.to_builtins(performance.texts),
        "search_text": search_text(performance.title, performance.code, performance.texts),
        "publication": performance.publication.value,
        "published_at_ms": performance.published_at_ms,
        "move_number": performance.move_number,
        "refund_until_ms": performance.refund_until_ms,
        "cancelled_at_ms": performance.cancelled_at_ms,
        "archived_at_ms": performance.archived_at_ms,
        "revision": performance.revision,
    }


class PostgresPerformanceRows:
    """See PerformanceRows."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, performance: Performance) -> CodeTaken | None:
        row = {
            "house_id": performance.house_id,
            "performance_id": performance.performance_id,
            "series_id": performance.series_id,
            "prices_revision": performance.prices_revision,
            "created_at_ms": self._now_ms,
            **_changeable(performance),
        }
        if taken := await self._written(performance, sa.insert(performances).values(row)):
            return taken
        await insert_prices(self._connection, performance)
        return None

    async def save(self, performance: Performance) -> CodeTaken | None:
        row = sa.update(performances).where(
            performances.c.house_id == performance.house_id,
            performances.c.performance_id == performance.performance_id,
        )
        return await self._written(performance, row.values(**_changeable(performance)))

    async def join(self, performance: Performance) -> None:
        row = sa.update(performances).where(
            performances.c.house_id == performance.house_id,
            performances.c.performance_id == performance.performance_id,
        )
        await self._connection.execute(row.values(series_id=performance.series_id, revision=performance.revision))

    async def save_plan(self, performance: Performance) -> None:
        row = sa.update(performances).where(
            performances.c.house_id == performance.house_id,
            performances.c.performance_id == performance.performance_id,
        )
        values = {name: getattr(performance, name) for name in ("plan_version", "capacity", "revision")}
        await self._connection.execute(row.values(**values, wanted_plan_version=None))

    async def want_plan(self, house_id: str, performance_id: str, plan_version: int) -> None:
        row = sa.update(performances).where(
            performances.c.house_id == house_id, performances.c.performance_id == performance_id
        )
        await self._connection.execute(row.values(wanted_plan_version=plan_version or None))

    async def save_prices(self, performance: Performance) -> None:
        of_it = (prices.c.house_id == performance.house_id, prices.c.performance_id == performance.performance_id)
        await self._connection.execute(sa.delete(prices).where(*of_it))
        await insert_prices(self._connection, performance)
        row = sa.update(performances).where(
            performances.c.house_id == performance.house_id,
            performances.c.performance_id == performance.performance_id,
        )
        await self._connection.execute(row.values(prices_revision=performance.prices_revision))

    async def _written(self, performance: Performance, statement: sa.Insert | sa.Update) -> CodeTaken | None:
        """A code that another performance has is told whose it is; the transaction goes on without the statement."""
        if not performance.code:
            await self._connection.execute(statement)
            return None
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(statement)
        except IntegrityError as error:
            whose = await self.id_of_code(performance.house_id, performance.code)
            if whose is None or whose == performance.performance_id:
                raise StoreUnavailable(table=performances.name) from error
            return CodeTaken(performance.code, whose)
        return None

    async def lock_shown(self, house_id: str, production_id: str) -> None:
        names = performances.c
        its = (
            sa.select(names.performance_id)
            .where(names.house_id == house_id, names.production_id == production_id)
            .order_by(names.starts_at_ms, names.performance_id)
            .with_for_update()
        )
        await self._connection.execute(its)

    async def retitle(self, house_id: str, production_id: str, title: str) -> list[Performance]:
        names = performances.c
        of_it = names.house_id == house_id, names.production_id == production_id
        renamed = (
            sa.update(performances)
            .where(*of_it, names.title != title)
            .values(title=title, revision=names.revision + 1)
            .returning(names.performance_id)
        )
        ids = (await self._connection.execute(renamed)).scalars().all()
        wanted = sa.select(performances).where(names.house_id == house_id, names.performance_id.in_(ids))
        found = await load_performances(self._connection, house_id, wanted.order_by(names.starts_at_ms))
        if found:
            named = sa.update(performances).where(
                names.house_id == house_id, names.performance_id == sa.bindparam("its_id")
            )
            sought = [
                {"its_id": one.performance_id, "sought": search_text(one.title, one.code, one.texts)} for one in found
            ]
            await self._connection.execute(named.values(search_text=sa.bindparam("sought")), sought)
        return found

    async def lock_to_come(self, house_id: str, production_id: str, from_ms: int) -> Sequence[Performance]:
        names = performances.c
        over_ms = sa.func.greatest(names.starts_at_ms, names.ends_at_ms, names.closes_at_ms)
        wanted = sa.select(performances).where(
            names.house_id == house_id,
            names.production_id == production_id,
            names.archived_at_ms == 0,
            names.sale_state != SaleState.CANCELLED.value,
            over_ms > from_ms,
        )
        in_order = wanted.order_by(names.starts_at_ms, names.performance_id).with_for_update()
        return await load_performances(self._connection, house_id, in_order)

    async def revise(self, house_id: str, performance_ids: Sequence[str]) -> None:
        of_them = performances.c.house_id == house_id, performances.c.performance_id.in_(performance_ids)
        revise = sa.update(performances).where(*of_them).values(revision=performances.c.revision + 1)
        await self._connection.execute(revise)

    async def lock_series(self, house_id: str, series_id: str, from_ms: int, limit: int) -> Sequence[Performance]:
        wanted = PerformanceFilter(starts_from_ms=from_ms, series_id=series_id, include_archived=True)
        query = page_of(house_id, wanted, None, limit).with_for_update()
        return await load_performances(self._connection, house_id, query)

    async def performances(
        self, house_id: str, wanted: PerformanceFilter, after: Place | None, limit: int
    ) -> Sequence[Performance]:
        return await load_performances(self._connection, house_id, page_of(house_id, wanted, after, limit))

    async def id_of_code(self, house_id: str, code: str) -> str | None:
        wanted = sa.select(performances.c.performance_id).where(
            performances.c.house_id == house_id, performances.c.code == code, performances.c.code != ""
        )
        found: str | None = (await self._connection.execute(wanted)).scalar_one_or_none()
        return found


def page_of(house_id: str, wanted: PerformanceFilter, after: Place | None, limit: int) -> sa.Select[Any]:
    """The rows of one page of a list; it reads its own and what the filters keep out, no others."""
    place = performances.c.starts_at_ms, performances.c.performance_id
    query = (
        sa.select(performances)
        .where(performances.c.house_id == house_id, *_passes(wanted))
        .order_by(*place)
        .limit(limit)
    )
    if after is None:
        return query
    return query.where(sa.tuple_(*place) > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))


def _passes(wanted: PerformanceFilter) -> list[sa.ColumnElement[bool]]:
    columns = performances.c
    named = {
        columns.production_id: wanted.production_id,
        columns.hall_id: wanted.hall_id,
        columns.series_id: wanted.series_id,
        columns.code: wanted.code,
    }
    conditions: list[sa.ColumnElement[bool]] = [column == value for column, value in named.items() if value]
    if not wanted.include_archived:
        conditions.append(columns.archived_at_ms == 0)
    if wanted.starts_from_ms:
        conditions.append(columns.starts_at_ms >= wanted.starts_from_ms)
    if wanted.starts_until_ms:
        conditions.append(columns.starts_at_ms < wanted.starts_until_ms)
    if wanted.sale_states:
        conditions.append(columns.sale_state.in_([state.value for state in wanted.sale_states if state]))
    if wanted.publications:
        conditions.append(columns.publication.in_([each.value for each in wanted.publications if each]))
    if wanted.shown_at_ms:
        is_out = columns.published_at_ms <= wanted.shown_at_ms
        conditions += [columns.publication == Publication.PUBLISHED.value, is_out]
    if wanted.text:
        conditions.append(columns.search_text.contains(wanted.text.casefold(), autoescape=True))
    return conditions


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
