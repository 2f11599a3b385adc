"""Deletes what has reached its age, a bounded number of rows at a time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


async def delete_old(connection: AsyncConnection, table: sa.Table, created_before_ms: int, limit: int) -> int:
    """How many rows went. The table has a primary key and `created_at_ms`."""
    key = tuple(table.primary_key.columns)
    old = sa.select(*key).where(table.c.created_at_ms < created_before_ms).limit(limit)
    return int((await connection.execute(sa.delete(table).where(sa.tuple_(*key).in_(old)))).rowcount)
