"""Keeps the latest word of each thing in one generation of a projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.projections.projection import fence
from services.runtime.sql import latest_rows


async def keep_latest(
    connection: AsyncConnection,
    generation: int,
    table: Table,
    version: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """See latest_rows.keep_latest."""
    await fence(connection, generation)
    of_generation = [{**row, "generation": generation} for row in rows]
    await latest_rows.keep_latest(connection, table, version, of_generation)
