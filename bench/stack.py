"""A bare inventory for measurements: embedded Valkey and Postgres, and real inventory processes with performances of
any size put straight into their database, so that no catalogue is needed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import insert

from services.inventory.adapters.tables import performance, seat_plan
from services.runtime.call_context import act_as
from services.runtime.embedded.ports import free_port
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.valkey import EmbeddedValkey
from services.runtime.testing.access import TEST_SERVICE_KEY, own_token
from services.runtime.testing.servers import as_owner, service_database

HOUSE = "house_bench"
PLAN_VERSION = 1
GUARDED, UNGUARDED = "services.inventory.main", "bench.baselines.unguarded_inventory"


@dataclass(frozen=True, slots=True)
class InventoryStack:
    """Where the pieces listen."""

    nodes: Sequence[str]
    redis_url: str
    database_url: str
    pids: Sequence[int]

    async def put_performances(self, capacity: int, count: int, *, prefix: str) -> list[str]:
        """Creates `count` performances of `capacity` seats, on sale. Returns their ids."""
        engine = as_owner(self.database_url)
        hall = f"hall_{prefix}"
        names = [f"{prefix}_{number}" for number in range(count)]
        seats = "\n".join(f"s{number}" for number in range(capacity))
        async with engine.begin() as connection:
            await connection.execute(
                insert(seat_plan).values(
                    hall_id=hall, plan_version=PLAN_VERSION, house_id=HOUSE, seat_ids=zlib.compress(seats.encode(), 1)
                )
            )
            await connection.execute(
                insert(performance),
                [
                    {
                        "performance_id": name,
                        "house_id": HOUSE,
                        "hall_id": hall,
                        "plan_version": PLAN_VERSION,
                        "on_sale": True,
                        "seats_per_holder": 10,
                        "hold_ttl_seconds": 600,
                        "title": name,
                    }
                    for name in names
                ],
            )
        await engine.dispose()
        return names


async def wait_until_serving(target: str) -> None:
    """Returns once the process answers that it serves."""
    async with grpc.aio.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        check = stub.Check  # type: ignore[attr-defined]  # the published stubs leave it out
        await check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True)


@asynccontextmanager
async def inventory_stack(nodes: int = 1, modules: Sequence[str] = ()) -> AsyncIterator[InventoryStack]:
    """Starts everything on loopback and stops it at the end. Whoever enters it calls as a service from then on.

    `modules`: what each node runs, instead of so many nodes of GUARDED.
    """
    act_as(own_token())
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balcon-bench-")))
        folder.chmod(0o755)
        valkey = EmbeddedValkey(folder / "valkey")
        postgres = EmbeddedPostgres(folder / "postgres")
        valkey.start()
        stack.callback(valkey.stop)
        postgres.start()
        stack.callback(postgres.stop)
        postgres.create_database("balcon_bus")
        url = await service_database(postgres, "inventory", "balcon_inventory")
        modules = modules or [GUARDED] * nodes
        ports = [free_port() for _ in modules]
        bus_url = postgres.url_for("balcon_bus")
        processes = [
            _start_node(module, port, url, bus_url, valkey.url, folder)
            for module, port in zip(modules, ports, strict=True)
        ]
        for process in processes:
            stack.callback(process.wait)
            stack.callback(process.terminate)
        targets = [f"127.0.0.1:{port}" for port in ports]
        await asyncio.gather(*map(wait_until_serving, targets))
        yield InventoryStack(targets, valkey.url, url, [process.pid for process in processes])


def _start_node(
    module: str, port: int, database_url: str, bus_url: str, redis_url: str, folder: Path
) -> subprocess.Popen[bytes]:
    settings = {
        "GRPC_PORT": str(port),
        "DATABASE_URL": database_url,
        "BUS_URL": bus_url,
        "REDIS_URL": redis_url,
        "CATALOGUE_TARGET": "127.0.0.1:1",
        "SERVICE_KEY": TEST_SERVICE_KEY,
    }
    environment = os.environ | {f"BALCON_INVENTORY_{name}": value for name, value in settings.items()}
    with (folder / f"inventory-{port}.log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", module], env=environment, stderr=log)
