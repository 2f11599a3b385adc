"""Keeps the latest word of each thing: a batch is narrowed to it, and the table keeps what is newer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def keep_latest(
    connection: AsyncConnection, table: Table, version: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Writes of each key the row with the highest `version` (columns of it), unless the table has one as new."""
    key = [column.name for column in table.primary_key]
    latest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        place = tuple(row[name] for name in key)
        known = latest.get(place)
        if known is None or [known[name] for name in version] < [row[name] for name in version]:
            latest[place] = row
    if not latest:
        return
    add = insert(table)
    later = tuple_(*(table.c[name] for name in version)) < tuple_(*(add.excluded[name] for name in version))
    changed = {column.name: add.excluded[column.name] for column in table.c if column.name not in key}
    # In one order, so that two writers wait instead of deadlocking.
    ordered = [dict(latest[place]) for place in sorted(latest)]
    await connection.execute(add.values(ordered).on_conflict_do_update(index_elements=key, set_=changed, where=later))
