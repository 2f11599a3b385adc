"""Numbers without a gap for each house and year: of delivery notes, invoices, settlements."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def next_number(connection: AsyncConnection, numbers: Table, house_id: str, year: int) -> int:
    """1, 2, 3: undone with the transaction, and others of the house and year wait until that ends.

    `numbers` has house_id and year as its key, and last_number.
    """
    first = insert(numbers).values(house_id=house_id, year=year, last_number=1)
    counted = first.on_conflict_do_update(
        index_elements=["house_id", "year"], set_={"last_number": numbers.c.last_number + 1}
    ).returning(numbers.c.last_number)
    return int((await connection.execute(counted)).scalar_one())
