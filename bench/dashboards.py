"""What a promoter's dashboard takes: `python -m bench.dashboards [performances]`. Milliseconds on this machine.

A real PostgreSQL with the read models of three houses, so many performances in all (500), each with sales on most of
the last 40 days: grants as accounts tells them, figures from the database, and the message that goes out.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.reporting.adapters.postgres_daily_figures import PostgresDailyFigures
from services.reporting.adapters.postgres_figures import PostgresFigures
from services.reporting.adapters.postgres_own_dashboards import PostgresOwnDashboards
from services.reporting.api.dashboard_messages import figures_message
from services.reporting.domain.dashboard_question import Question
from services.reporting.handlers.dashboards import DashboardHandler
from services.reporting.handlers.house_figures import FigureSources
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.errors import Refusal
from services.runtime.ids import RandomIds, seeded_random
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import as_owner, service_database
from tests.integration.reporting.figures_stage import FiguresStage, house, line, performance, sale

HOUSES = ("hse_1", "hse_2", "hse_3")
COUNT = 500
DAYS = 40
DAY_MS = 86_400_000
ROUNDS = 30
BATCH = 1_000
PROMOTER = "psn_bench"
CLOCK = SystemClock()


class Granted:
    """Accounts' answer: each house grants a production, in which all its performances are."""

    async def of(self, subject: str) -> Sequence[GrantedHouse]:
        """See Grants."""
        return [
            GrantedHouse(house_id, house_id, house_id, Sight(house_id, production_ids=frozenset({"prd_tour"})))
            for house_id in HOUSES
        ]


def told(count: int) -> Iterator[Any]:
    """What the houses tell: performances, and orders of two seats on two days of three."""
    random, now_ms = seeded_random(1), CLOCK.now_ms()
    for house_id in HOUSES:
        yield house(house_id)
    for number in range(count):
        house_id, performance_id = HOUSES[number % len(HOUSES)], f"prf_{number}"
        yield performance(performance_id, house_id=house_id, production_id="prd_tour", capacity=800)
        for day in range(DAYS):
            if random.random() < 2 / 3:
                order_id = f"ord_{number}_{day}"
                at_ms = now_ms - day * DAY_MS - random.randrange(DAY_MS // 4)
                seats = (line(f"{order_id}-1"), line(f"{order_id}-2", ticket_type="student", kind="DISCOUNT"))
                channel = random.choice(["ONLINE", "BOX_OFFICE"])
                yield sale(order_id, performance_id, at_ms, *seats, channel=channel, house_id=house_id)


async def measured(url: str, count: int) -> dict[str, Any]:
    """Fills, then asks again and again."""
    engine = create_engine(url, application="bench")
    stage, batch = FiguresStage(engine), list[Any]()
    for message in told(count):
        batch.append(message)
        if len(batch) == BATCH:
            await stage.tell(*batch)
            batch = []
    await stage.tell(*batch)
    owner = as_owner(url)
    async with owner.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(sa.text("VACUUM ANALYZE"))
    await owner.dispose()
    sources = FigureSources(PostgresFigures(engine), PostgresDailyFigures(engine))
    dashboards = DashboardHandler(Sights(Granted()), sources, PostgresOwnDashboards(engine, CLOCK), CLOCK)
    walls, own, size, tickets = [], [], 0, 0
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        began, own_began = time.perf_counter(), time.process_time()
        found = await dashboards.get(PROMOTER, "", Question())
        assert not isinstance(found, Refusal)
        size = len(figures_message(found).SerializeToString())
        walls.append((time.perf_counter() - began) * 1000)
        own.append((time.process_time() - own_began) * 1000)
        assert found.merged.sum.performances == count
        tickets = found.merged.sum.sold.tickets
    await engine.dispose()
    return {
        "performances": count,
        "houses": len(HOUSES),
        "tickets": tickets,
        "bytes": size,
        "median_ms": round(statistics.median(walls), 1),
        "best_ms": round(min(walls), 1),
        "worst_ms": round(max(walls), 1),
        "of_it_own_cpu_ms": round(statistics.median(own), 1),
    }


async def main(count: int) -> None:
    """One line of JSON."""
    folder = make_temp_folder(RandomIds())
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    try:
        print(json.dumps(await measured(await service_database(postgres, "reporting"), count)))
    finally:
        postgres.stop()
        remove_temp_folder(folder)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
