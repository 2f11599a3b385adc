"""`python -m bench.row_security`: what the second wall costs an order, on one server, walls in turns; ratios only.

Two databases of orders: one as services run, and one without policies whose connections tell no scope.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.domain.records import HoldRules
from services.inventory.ports import Performance, SeatPlan
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain import commands
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.ports import OrderRef
from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import as_owner, service_database
from tests.contract.inventory.shelves import ACT_LOG, NAME, claimed
from tests.unit.orders.builders import HOUSE, a_key, an_order

ROUNDS = 400
WARM_UP = 40
HOUSES = [f"house_{number}" for number in range(20)]
CLOCK = SystemClock()
HALL = Performance(NAME, HOUSE, SeatPlan.of(3, [f"s{number}" for number in range(1_000)]), HoldRules(True, 10, 60_000))

Act = Callable[[int], Awaitable[object]]


class Side:
    """A database of orders and one of the inventory, with or without the wall."""

    def __init__(self, orders: AsyncEngine, inventory: AsyncEngine) -> None:
        self._engines = (orders, inventory)
        self.store = PostgresOrderStore(orders, CLOCK, RandomIds(), committed=lambda: None)
        self._claims = PostgresClaimStore(inventory, HALL, ACT_LOG)
        self._directory = PostgresDirectory(inventory)

    async def begin(self) -> None:
        """A performance of its own to claim seats of."""
        assert await self._directory.take(NAME, 0, "node_a", "a") == 1

    async def order(self, number: int) -> None:
        """An order is made, and it ends: two transactions with all their rows and events."""
        order = an_order(order_id=f"ord_{number}", hold_id=f"hold_{number}")
        assert await self.store.add(order, a_key(f"key_{number}"), CLOCK.now_ms() + 3_600_000) is None
        await self.store.change(
            OrderRef(order.house_id, order.order_id), act_on(commands.CancelOrder(), CLOCK, Timing())
        )

    async def read(self, number: int) -> None:
        """An order is read, and the connection's last reader was of the same house."""
        await self.store.get(OrderRef(HOUSE, f"ord_{number}"))

    async def read_in_turns(self, number: int) -> None:
        """An order is read, and the connection's last reader was of another house."""
        await self.store.get(OrderRef(HOUSES[number % len(HOUSES)], f"ord_{number}"))

    async def claim(self, number: int) -> None:
        """A batch of the inventory's record: one seat is claimed."""
        await self._claims.append(NAME, 1, number + 1, [claimed(f"ord_{number}", number)])

    async def end(self) -> None:
        """Closes the pools."""
        for engine in self._engines:
            await engine.dispose()


async def in_turns(walled: Act, plain: Act) -> dict[str, float]:
    """Medians in milliseconds, and the median of what a pair of neighbours costs more; who begins changes."""
    took: dict[str, list[float]] = {"walled": [], "plain": []}
    for number in range(WARM_UP + ROUNDS):
        pair = [("walled", walled), ("plain", plain)]
        for name, act in pair if number % 2 else reversed(pair):
            began = time.perf_counter()
            await act(number)
            if number >= WARM_UP:
                took[name].append((time.perf_counter() - began) * 1_000)
    medians = {name: round(statistics.median(values), 3) for name, values in took.items()}
    pairs = [one / other for one, other in zip(took["walled"], took["plain"], strict=True)]
    return medians | {
        "ratio of medians": round(medians["walled"] / medians["plain"], 3),
        "median of ratios": round(statistics.median(pairs), 3),
    }


async def without_wall(url: str) -> AsyncEngine:
    """The same schema without a policy, for connections that tell no scope."""
    async with as_owner(url).begin() as connection:
        secured = await connection.scalars(sa.text("SELECT relname FROM pg_class WHERE relrowsecurity"))
        for table in secured.all():
            await connection.execute(sa.text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    return create_engine(url, application="bench", pool_size=1, row_security=False)


async def measure(server: EmbeddedPostgres) -> dict[str, dict[str, float]]:
    """Every act, both sides in turns."""
    urls = {name: await service_database(server, name) for name in ("orders", "inventory")}
    bare = {name: await without_wall(await service_database(server, name, f"{name}_bare")) for name in urls}
    walled = Side(*(create_engine(url, application="bench", pool_size=1) for url in urls.values()))
    plain = Side(*bare.values())
    for side in (walled, plain):
        await side.begin()
    told = {
        name: await in_turns(getattr(walled, name), getattr(plain, name))
        for name in ("order", "claim", "read", "read_in_turns")
    }
    for side in (walled, plain):
        await side.end()
    return told


async def run() -> dict[str, dict[str, float]]:
    """measure() on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="balcon-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            return await measure(server)
        finally:
            server.stop()


async def main() -> None:
    """Measures and prints."""
    for name, figures in (await run()).items():
        print(f"{name:16} {json.dumps(figures)}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
