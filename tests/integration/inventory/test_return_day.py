"""R1.6 on the real process: a node returns what is due although nobody asks it for the performance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from services.inventory.adapters.tables import allotment, allotment_seat, allotment_step
from services.inventory.domain import allotments as kinds
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.inventory.process import HOUSE, NAME, NodeProcess, Stores

OF_IT: dict[str, Any] = {"performance_id": NAME, "house_id": HOUSE, "epoch": 0}
DUE = {
    "kind": kinds.HARD,
    "office_id": "office_1",
    "note": "",
    "override_reason": "",
    "version": 2,
    "handed_out": 3,
    "returned": 0,
    "return_due_at_ms": 1,
    "return_pending": True,
    "closed_at_ms": 0,
    "created_at_ms": 1,
}


async def test_a_node_that_starts_returns_what_is_due_unasked(
    redis_url: str, database_url: DatabaseUrl, emptied_database_url: Callable[[str], str], tmp_path: Path
) -> None:
    stores = Stores(redis_url, emptied_database_url("inventory"), database_url(), tmp_path)
    await stores.put_performance()
    engine = as_owner(stores.database_url)
    seats = [
        OF_IT | {"seat_index": seat, "allotment_id": "a1", "seat_id": f"s{seat}", "reported_sold": seat == 0}
        for seat in range(3)
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(allotment).values(**OF_IT, **DUE, allotment_id="a1"))
        await connection.execute(insert(allotment_seat), seats)
    node = NodeProcess(stores)
    try:
        await node.start()

        async def returned() -> bool:
            async with engine.connect() as connection:
                return await connection.scalar(select(func.count()).select_from(allotment_step)) == 1

        await eventually(returned)
        async with engine.connect() as connection:
            left = (await connection.scalars(select(allotment_seat.c.seat_index))).all()
            row = (await connection.execute(select(allotment))).one()
        assert list(left) == [0]
        assert (row.returned, row.return_pending, row.version) == (2, False, 3)
    finally:
        node.close()
        await engine.dispose()
