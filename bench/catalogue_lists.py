"""What a page of a house's lists takes: `python -m bench.catalogue_lists [count]`. Milliseconds on this machine.

A real catalogue process over an embedded PostgreSQL, and one house with so many performances and productions (10,000):
asked over gRPC page by page to the end, with filters too. Figures are plain: nothing is refused by them.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import SecretStr

from bench.stack import wait_until_serving
from services.catalogue.adapters.tables import houses, performances, prices, productions
from services.catalogue.main import build
from services.catalogue.settings import CatalogueSettings
from services.console.sale.demo_house import prices_of
from services.runtime.call_context import act_as
from services.runtime.clock import SystemClock
from services.runtime.embedded.ports import free_port
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.sql.engine import create_engine
from services.runtime.testing.access import TEST_SERVICE_KEY, own_token
from services.runtime.testing.servers import service_database

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

HOUSE = "hse_bench"
COUNT = 10_000
FIRST_START = 1_900_000_000
HOUR_MS = 3_600_000
# Of a page; the second is what a shop asks for.
PAGE_SIZES = (500, 100)


@asynccontextmanager
async def filled_catalogue(stack: AsyncExitStack, folder: Path, count: int) -> AsyncIterator[CatalogueServiceAsyncStub]:
    """A running catalogue with so many of everything."""
    act_as(own_token())
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    stack.callback(postgres.stop)
    postgres.create_database("balcon_bus")
    url = await service_database(postgres, "catalogue", "balcon_catalogue")
    bus_url = postgres.url_for("balcon_bus")
    await fill(postgres.url_for("balcon_catalogue"), url, bus_url, count)
    port = free_port()
    settings = {
        "GRPC_PORT": str(port),
        "DATABASE_URL": url,
        "BUS_URL": bus_url,
        "ACCOUNTS_TARGET": "127.0.0.1:1",
        "SERVICE_KEY": TEST_SERVICE_KEY,
    }
    process = started(settings, folder / "catalogue.log")
    stack.callback(process.wait)
    stack.callback(process.terminate)
    await wait_until_serving(f"127.0.0.1:{port}")
    channel = open_channel(f"127.0.0.1:{port}", SystemClock())
    try:
        yield CatalogueServiceStub(channel)
    finally:
        await channel.close()


def started(settings: dict[str, str], log_file: Path) -> subprocess.Popen[bytes]:
    """The catalogue's process."""
    environment = os.environ | {f"BALCON_CATALOGUE_{name}": value for name, value in settings.items()}
    with log_file.open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "services.catalogue.main"], env=environment, stderr=log)


async def fill(owner_url: str, url: str, bus_url: str, count: int) -> None:
    """The house, its hall, and copies of one production and one performance."""
    engine = create_engine(owner_url, application="bench")
    house = {"house_id": HOUSE, "label": "bench", "name": "Bench", "time_zone": "Europe/Rome", "currency": "EUR"}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(houses).values(**house, created_at_ms=1, revision=1))
    await _template(url, bus_url)
    async with engine.begin() as connection:
        numbers = sa.func.generate_series(1, count).table_valued("value").render_derived()
        number = sa.cast(numbers.c.value, sa.BigInteger)
        await _copy(
            connection, productions, numbers, "production_id", {"created_at_ms": number, "genre": sa.literal("play")}
        )
        # Every production is copied, so that each has a performance.
        its_production = sa.func.concat("copy_", number)
        start = sa.literal(FIRST_START * 1_000, sa.BigInteger) + number * HOUR_MS
        moved = {
            "starts_at_ms": start,
            "sale_ends_at_ms": start,
            "code": sa.literal(""),
            "production_id": its_production,
        }
        await _copy(connection, performances, numbers, "performance_id", moved)
        await _copy(connection, prices, numbers, "performance_id", {})
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(sa.text("VACUUM ANALYZE"))
    await engine.dispose()


async def _copy(connection: Any, table: sa.Table, numbers: Any, key: str, changes: dict[str, Any]) -> None:
    """Every row of the table as often as there are numbers, under other ids."""
    values = {column.name: column for column in table.c} | changes | {key: sa.func.concat("copy_", numbers.c.value)}
    copies = sa.select(*values.values()).select_from(table.join(numbers, sa.true()))
    await connection.execute(sa.insert(table).from_select(list(values), copies))


async def _template(url: str, bus_url: str) -> None:
    """Made over calls of a catalogue in this process, which asks nobody who they are."""
    settings = CatalogueSettings(
        database_url=SecretStr(url), bus_url=SecretStr(bus_url), accounts_target="127.0.0.1:1", drain_seconds=1
    )
    service = Service("catalogue", settings)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
    try:
        await _shown(CatalogueServiceStub(channel))
    finally:
        await channel.close()
        await service.stop()


async def _shown(stub: CatalogueServiceAsyncStub) -> None:
    hall = (await stub.CreateHall(pb.CreateHallRequest(idempotency_key="h", house_id=HOUSE, name="Hall"))).hall
    document = files("services.catalogue").joinpath("plans", "riethsporthalle-erfurt.json").read_bytes()
    place: dict[str, Any] = {"house_id": HOUSE, "hall_id": hall.hall_id}
    await stub.ImportSeatingPlan(pb.ImportSeatingPlanRequest(idempotency_key="p", **place, plan_json=document))
    plan = (await stub.GetSeatingPlan(pb.GetSeatingPlanRequest(**place))).plan
    shown = pb.CreateProductionRequest(
        idempotency_key="s", house_id=HOUSE, title="Hamlet", performers=["Royal Company"], description="To be. " * 100
    )
    production = (await stub.CreateProduction(shown)).production
    request = pb.CreatePerformanceRequest(
        idempotency_key="f",
        **place,
        production_id=production.production_id,
        starts_at=Timestamp(seconds=FIRST_START),
        prices=prices_of(plan),
    )
    await stub.CreatePerformance(request)


async def pages(call: Callable[..., Awaitable[Any]], request: Any) -> tuple[list[float], int]:
    """Milliseconds of each page from the first to the last, and how many things they held together."""
    took, things = [], 0
    while True:
        began = time.perf_counter()
        page = await call(request)
        took.append((time.perf_counter() - began) * 1_000)
        things += len(getattr(page, "performances", None) or page.productions)
        if not page.next_page_token:
            return took, things
        request.page_token = page.next_page_token


def figures(took: list[float], things: int) -> dict[str, float]:
    """What is told of a list."""
    return {
        "things": things,
        "pages": len(took),
        "median_ms": round(statistics.median(took), 1),
        "worst_ms": round(max(took), 1),
        "last_page_ms": round(took[-1], 1),
    }


async def measure(stub: CatalogueServiceAsyncStub) -> dict[str, dict[str, float]]:
    """Every list, from the first page to the last."""
    told = {}
    for size in PAGE_SIZES:
        asked: dict[str, tuple[Callable[..., Awaitable[Any]], Any]] = {
            "performances": (stub.ListPerformances, pb.ListPerformancesRequest(page_size=size)),
            "productions": (stub.ListProductions, pb.ListProductionsRequest(page_size=size)),
            "productions, text": (stub.ListProductions, pb.ListProductionsRequest(page_size=size, text="royal")),
            "productions, text of none": (stub.ListProductions, pb.ListProductionsRequest(page_size=size, text="zzz")),
            "productions, coming": (
                stub.ListProductions,
                pb.ListProductionsRequest(page_size=size, performed_from_at=Timestamp(seconds=FIRST_START)),
            ),
        }
        for name, (call, request) in asked.items():
            request.house_id = HOUSE
            await call(request)
            told[f"{name}, pages of {size}"] = figures(*await pages(call, request))
    return told


async def main(count: int) -> None:
    """Measures and prints."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balcon-bench-")))
        folder.chmod(0o755)
        stub = await stack.enter_async_context(filled_catalogue(stack, folder, count))
        print(f"{count:,} performances and productions")
        for name, one in (await measure(stub)).items():
            print(f"{name:42} {json.dumps(one)}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
