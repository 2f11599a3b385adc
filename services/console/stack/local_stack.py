"""The whole stack on one machine: servers, migrations, supervised services. Nothing outlives this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import grpc
import httpx
from grpc_health.v1 import health_pb2

from services.console.stack.blueprint import (
    BUS_DATABASE,
    DOUBLES,
    GRPC_SERVICES,
    HOST,
    INTEGRATIONS,
    ServicePart,
    Surroundings,
    double_url,
    environment_of,
    is_wanted,
    parts_of,
    port_names,
    reporting_part,
    target_of,
)
from services.console.stack.credentials import hold_key
from services.console.stack.data_folder import KAFKA, DataFolder, StackRecord
from services.console.stack.databases import bring_to_head, make_databases
from services.console.stack.guardian import Guardian
from services.console.stack.processes import ProcessPlan, SupervisedProcess
from services.runtime.clock import Clock
from services.runtime.embedded.ports import free_port, is_free
from services.runtime.embedded.servers import EmbeddedServers
from services.runtime.errors import Fatal
from services.runtime.ids import Ids

T = TypeVar("T")

_HEALTH_SECONDS = 2.0
_SERVER_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class StackOptions:
    """`bus_url` empty takes a bus of the stack's own: `bus` says which, '' the one that the folder has (Postgres).

    `tuning` overrides settings by their full variable name.
    """

    bus_url: str = ""
    tuning: Mapping[str, str] = field(default_factory=dict)
    # Nodes of the inventory.
    nodes: int = 1
    bus: str = ""
    # Those of INTEGRATIONS that are started; a stack on the same folder may have others next time.
    integrations: Collection[str] = INTEGRATIONS


class LocalStack:
    """`async with LocalStack(folder, ...) as stack:` everything answers; all is stopped afterwards, data kept."""

    def __init__(
        self,
        folder: DataFolder,
        options: StackOptions,
        *,
        clock: Clock,
        ids: Ids,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._options = options
        self._clock = clock
        self._ids = ids
        self._progress = progress
        self._guardian = Guardian()
        self._servers: EmbeddedServers | None = None
        self._server_watch: asyncio.Task[None] | None = None
        self._processes: list[SupervisedProcess] = []
        self._bus_url = options.bus_url
        self._reporting: dict[str, str] = {}
        self.ports: Mapping[str, int] = {}

    @property
    def record(self) -> StackRecord:
        """Where everything answers."""
        return StackRecord(
            pid=os.getpid(),
            targets={service: target_of(service, self.ports) for service in self._serving},
            metrics={service: f"http://{HOST}:{self.ports[f'{service}_metrics']}/metrics" for service in self._serving},
            pay_page=double_url("sandbox", self.ports),
            bus=self._bus_url.partition("+")[0].partition("://")[0],
            bus_url=self._bus_url,
            reporting=self._reporting,
            dip=double_url("dip", self.ports),
        )

    @property
    def _serving(self) -> list[str]:
        wanted = {part.name for part in parts_of(1) if is_wanted(part, self._options.integrations)}
        return [name for name in GRPC_SERVICES if name in wanted]

    @property
    def service_key(self) -> str:
        """The key that the services share."""
        return self._folder.service_key(self._ids)

    @property
    def servers(self) -> EmbeddedServers:
        """PostgreSQL and Valkey, for tests that crash them: they are started again."""
        assert self._servers is not None, "not started"
        return self._servers

    @property
    def restarts(self) -> dict[str, int]:
        """How often each service had to be started again."""
        return {process.name: process.restarts for process in self._processes}

    def process_at(self, endpoint: str) -> SupervisedProcess | None:
        """The process whose gRPC answers at host:port."""
        for process in self._processes:
            if f"{HOST}:{self.ports.get(f'{process.name}_grpc', 0)}" == endpoint:
                return process
        return None

    def process(self, name: str) -> SupervisedProcess:
        """The process of a service, by its name."""
        return next(process for process in self._processes if process.name == name)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def while_whole(self, work: Coroutine[object, object, T]) -> T:
        """What `work` returns; it is broken off with DataVanished when the data vanishes beneath the stack."""
        assert self._server_watch is not None, "not started"
        working = asyncio.ensure_future(work)
        try:
            await asyncio.wait({working, self._server_watch}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                # It ends by a fault only.
                await self._server_watch
            return await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _start(self) -> None:
        self._guardian.start()
        has_kafka = not self._options.bus_url and self._folder.bus(self._options.bus) == KAFKA
        names = ["valkey", "postgres", *(["kafka", "kafka_controller"] if has_kafka else [])]
        self.ports = self._folder.ports([*port_names(self._options.nodes), *names], free_port, is_free)
        self._progress(f"starting PostgreSQL and Valkey{', and Kafka (first of all: its jars)' if has_kafka else ''}")
        self._servers = servers = EmbeddedServers(
            self._folder.path,
            valkey_port=self.ports["valkey"],
            postgres_port=self.ports["postgres"],
            kafka_ports=(self.ports["kafka"], self.ports["kafka_controller"]) if has_kafka else None,
        )
        await asyncio.to_thread(servers.start)
        self._watch_servers(servers)
        self._server_watch = asyncio.create_task(self._keep_servers(servers))
        self._progress("preparing databases")
        urls = await make_databases(servers.postgres)
        own = urls[BUS_DATABASE] if servers.kafka is None else f"kafka://{servers.kafka.bootstrap}"
        self._bus_url = self._options.bus_url or own
        world = Surroundings(
            ports=self.ports,
            database_urls=urls,
            redis_url=servers.valkey.url,
            bus_url=self._bus_url,
            webhook_secret=self._folder.secret("sandbox_webhook", self._ids),
            sealing_secret=self._folder.secret("accounts_sealing", self._ids),
            service_key=self.service_key,
            data_dir=str(self._folder.path),
            tuning=self._options.tuning,
        )
        self._reporting = environment_of(reporting_part(), world, {})
        # Who has started the services may call them.
        hold_key(world.service_key)
        self._progress("starting services")
        parts = [part for part in parts_of(self._options.nodes) if is_wanted(part, self._options.integrations)]
        self._processes = [self._supervised(part, world) for part in parts]
        for part, process in zip(parts, self._processes, strict=True):
            # While one loads, the next one's database is brought to its newest schema.
            await bring_to_head(servers.postgres, part)
            await process.start()
        await asyncio.gather(*(process.wait_ready() for process in self._processes))
        self._folder.write_record(self.record)

    def _supervised(self, part: ServicePart, world: Surroundings) -> SupervisedProcess:
        if part.name in DOUBLES:
            is_ready = _http_answers(f"{double_url(part.name, self.ports)}/health")
        else:
            is_ready = _grpc_serves(f"{HOST}:{self.ports[f'{part.name}_grpc']}")
        plan = ProcessPlan(part.name, part.module, environment_of(part, world, os.environ), is_ready)
        return SupervisedProcess(plan, self._folder.logs, self._guardian, self._clock)

    def _watch_servers(self, servers: EmbeddedServers) -> None:
        self._guardian.watch(servers.postgres.pid, signal.SIGINT)  # PostgreSQL's fast shutdown
        self._guardian.watch(servers.valkey.pid)
        if servers.kafka is not None:
            self._guardian.watch(servers.kafka.pid)

    async def _keep_servers(self, servers: EmbeddedServers) -> None:
        """Starts a server again that died under us: the services wait for it, nobody else would bring it back.

        Raises DataVanished: a new empty database would let running services go on as if nothing had been sold.
        """
        while True:
            await self._clock.sleep(_SERVER_POLL_SECONDS)
            for server in servers.all:
                server.require_data()
                if not server.running:
                    with contextlib.suppress(Fatal, OSError):  # tried again in a moment
                        await asyncio.to_thread(server.start)
                        self._watch_servers(servers)

    async def _stop(self) -> None:
        self._progress("stopping")
        # All at once: one that waits for a database which is gone keeps the others no longer than itself.
        await asyncio.gather(*(process.stop() for process in self._processes))
        if self._server_watch is not None:
            self._server_watch.cancel()
            await asyncio.gather(self._server_watch, return_exceptions=True)
        if self._servers is not None:
            pids = [server.pid for server in self._servers.all if server.running]
            await asyncio.to_thread(self._servers.stop)
            for pid in pids:
                self._guardian.forget(pid)
        self._guardian.stop()


def _grpc_serves(target: str) -> Callable[[], Awaitable[bool]]:
    async def is_ready() -> bool:
        async with grpc.aio.insecure_channel(target) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            try:
                answer = await check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_SECONDS)
            except grpc.aio.AioRpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return is_ready


def _http_answers(url: str) -> Callable[[], Awaitable[bool]]:
    async def is_ready() -> bool:
        async with httpx.AsyncClient(timeout=_HEALTH_SECONDS, trust_env=False) as client:
            try:
                await client.get(url)
            except httpx.TransportError:
                return False
            return True

    return is_ready
