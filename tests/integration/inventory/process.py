"""The inventory as it is deployed: `python -m services.inventory.main` as child processes on the test's own stores."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs
from sqlalchemy import insert, select

from services.inventory.adapters.redis_connection import connect
from services.inventory.adapters.redis_lease_store import RedisLeaseStore
from services.inventory.adapters.tables import performance, performance_owner, seat_plan
from services.runtime.embedded.ports import free_port
from services.runtime.rpc.probe import is_serving
from services.runtime.testing import eventually
from services.runtime.testing.access import TEST_SERVICE_KEY, CredentialInterceptor
from services.runtime.testing.servers import as_owner

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

NAME = "perf_1"
HOUSE = "house_1"
PLAN_VERSION = 1
CAPACITY = 5_000
KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a node finds everything, and how long its lease is."""

    redis_url: str
    database_url: str
    bus_url: str
    folder: Path
    lease_renew_seconds: float = 1.0

    async def put_performance(self) -> None:
        """A hall on sale, as the catalogue would have told it."""
        engine = as_owner(self.database_url)
        seats = "\n".join(f"s{number}" for number in range(CAPACITY))
        async with engine.begin() as connection:
            plan = {"hall_id": "hall_1", "plan_version": PLAN_VERSION, "house_id": HOUSE}
            await connection.execute(insert(seat_plan).values(**plan, seat_ids=zlib.compress(seats.encode())))
            rules = {"on_sale": True, "seats_per_holder": 10, "hold_ttl_seconds": 600}
            await connection.execute(insert(performance).values(performance_id=NAME, title="", **plan, **rules))
        await engine.dispose()

    async def owner_endpoint(self) -> str:
        """Whom the directory names."""
        engine = as_owner(self.database_url)
        async with engine.connect() as connection:
            endpoint = await connection.scalar(select(performance_owner.c.endpoint))
        await engine.dispose()
        return endpoint or ""

    async def leased_endpoints(self) -> set[str]:
        """Whose lease stands."""
        redis = connect(self.redis_url)
        nodes = await RedisLeaseStore(redis).live()
        await redis.aclose()
        return {node.endpoint for node in nodes}


@dataclass(slots=True)
class NodeProcess:
    """One node that can be killed and started again on its port."""

    stores: Stores
    port: int = field(default_factory=free_port)
    lease_ttl_seconds: float = 4.0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def target(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns when the node says that it serves."""
        self._launch()

        async def serves() -> bool:
            return await asyncio.to_thread(is_serving, self.target)

        await eventually(serves)

    def _launch(self) -> None:
        stores = self.stores
        settings = {
            "GRPC_PORT": str(self.port),
            "DATABASE_URL": stores.database_url,
            "BUS_URL": stores.bus_url,
            "REDIS_URL": stores.redis_url,
            "CATALOGUE_TARGET": "127.0.0.1:1",
            "SERVICE_KEY": TEST_SERVICE_KEY,
            "LEASE_TTL_SECONDS": str(self.lease_ttl_seconds),
            "LEASE_RENEW_SECONDS": str(stores.lease_renew_seconds),
            "LEASE_MARGIN_SECONDS": "0.5",
        }
        environment = os.environ | {f"BALCON_INVENTORY_{name}": value for name, value in settings.items()}
        with (stores.folder / f"inventory-{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.inventory.main"],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """As kill -9: nobody is told anything."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit status of a process that was asked to stop."""
        assert self._process is not None
        status = self._process.wait(120)
        self._process = None
        return status

    def close(self) -> None:
        """Whatever happened, nothing of it is left."""
        if self._process is not None:
            self.kill()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[InventoryServiceAsyncStub]:
        """A client that neither waits nor tries again by itself."""
        options = [
            ("grpc.enable_retries", 0),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_reconnect_backoff_ms", 200),
        ]
        async with grpc.aio.insecure_channel(
            self.target, options=options, interceptors=[CredentialInterceptor()]
        ) as channel:
            yield InventoryServiceStub(channel)


def hold(number: int) -> pb.HoldSeatsRequest:
    """The buyer of that number wants two seats of its own."""
    seats = SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{2 * number}", f"s{2 * number + 1}"])
    name = f"b{number}"
    return pb.HoldSeatsRequest(key=KEY, hold_id=f"h{number}", holder_id=name, seats=seats, channel=CHANNEL_ONLINE)


def claim(number: int) -> pb.ClaimSeatsRequest:
    """And pays for them."""
    wanted = hold(number)
    return pb.ClaimSeatsRequest(
        key=KEY,
        order_id=f"o{number}",
        holder_id=wanted.holder_id,
        hold_id=wanted.hold_id,
        seats=wanted.seats,
        channel=CHANNEL_ONLINE,
    )
