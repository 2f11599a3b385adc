"""What offices have, in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ticketing.adapters.statement_tables import discount_sales, office_allotments
from services.ticketing.domain.office_sales import DiscountSale, DiscountSum, OfficeAllotment


class OfficeSaleRows:
    """See OfficeSales."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def add_sales(self, order_id: str, sales: Sequence[DiscountSale]) -> None:
        if sales:
            rows = [
                {
                    "house_id": self._house_id,
                    "order_id": order_id,
                    "performance_id": sale.performance_id,
                    "seat_id": sale.seat_id,
                    "office_id": sale.office_id,
                    "discount_id": sale.discount_id,
                    "amount_minor": sale.amount_minor,
                }
                for sale in sales
            ]
            await self._connection.execute(insert(discount_sales).on_conflict_do_nothing(), rows)

    async def remove_sales(
        self, order_ids: Collection[str], performance_id: str, seat_ids: Collection[str] = ()
    ) -> None:
        over = sa.delete(discount_sales).where(
            discount_sales.c.house_id == self._house_id,
            discount_sales.c.order_id == sa.any_(sa.literal([*order_ids], sa.ARRAY(sa.Text))),
            discount_sales.c.performance_id == performance_id,
        )
        await self._connection.execute(over.where(discount_sales.c.seat_id.in_(seat_ids)) if seat_ids else over)

    async def sums(self, office_id: str, performance_ids: Collection[str]) -> Sequence[DiscountSum]:
        amount = sa.func.sum(discount_sales.c.amount_minor)
        wanted = (
            sa.select(discount_sales.c.discount_id, sa.func.count().label("tickets"), amount.label("amount"))
            .where(
                discount_sales.c.house_id == self._house_id,
                discount_sales.c.office_id == office_id,
                discount_sales.c.performance_id.in_(performance_ids),
            )
            .group_by(discount_sales.c.discount_id)
            .order_by(discount_sales.c.discount_id)
        )
        rows = await self._connection.execute(wanted)
        return [DiscountSum(row.discount_id, int(row.tickets), int(row.amount)) for row in rows]

    async def note_allotment(self, office_id: str, allotment: OfficeAllotment) -> None:
        values = {
            "house_id": self._house_id,
            "performance_id": allotment.performance_id,
            "allotment_id": allotment.allotment_id,
            "office_id": office_id,
        }
        await self._connection.execute(insert(office_allotments).on_conflict_do_nothing(), values)

    async def allotments(self, office_id: str, limit: int) -> Sequence[OfficeAllotment]:
        names = (office_allotments.c.performance_id, office_allotments.c.allotment_id)
        wanted = (
            sa.select(*names)
            .where(office_allotments.c.house_id == self._house_id, office_allotments.c.office_id == office_id)
            .order_by(*names)
            .limit(limit)
        )
        return [OfficeAllotment(row.performance_id, row.allotment_id) for row in await self._connection.execute(wanted)]
