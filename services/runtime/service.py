"""The life of a service process: settings in, logs and metrics up, loops watched, closed in order on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any

import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.access.accounts_client import AccountsClient
from services.runtime.access.guard import Guard
from services.runtime.access.interceptor import RolesWith
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import TOPICS
from services.runtime.call_context import act_as
from services.runtime.clock import Clock, SystemClock
from services.runtime.errors import Retryable
from services.runtime.ids import Ids, RandomIds
from services.runtime.outbox.application import BatchHandler, EventHandler
from services.runtime.outbox.bus_servicer import Consumer, serve_bus
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.lag import LagWatch
from services.runtime.outbox.relay import OutboxRelay
from services.runtime.rpc.server import RpcServer
from services.runtime.rpc.tls import client_tls, server_tls, use_for_channels
from services.runtime.settings import BusSettings, ServiceSettings, SqlSettings
from services.runtime.sql.engine import COMMAND_SECONDS, create_engine
from services.runtime.sql.faults import as_fault
from services.runtime.sql.roles import check_role
from services.runtime.telemetry.exposition import MetricsEndpoint
from services.runtime.telemetry.logging import configure_logging, get_logger
from services.runtime.telemetry.loop_lag import watch_loop_lag

_RESTART_SECONDS = 0.5
# Objects made (and not freed again) between two looks at the young ones; looks before one at the older; and again.
# With Python's own 700, 10, 10 the calls in flight outlive look after look and are taken for long-lived, until
# everything is walked, all imports included: about 50 us of each HoldSeats call, and the longest pauses there are.
# Cycles are still collected: some 10,000 objects may wait for it.
_COLLECT_AFTER = (10_000, 20, 20)


class Service:
    """What main.py hands to its parts, and the list of what must be closed, last first.

    build(service) opens the parts: it registers servicers on `rpc`, background loops with `background`, and clean-up
    with `on_close`. The order of closing: gRPC drained, background loops stopped, then the rest in reverse.
    """

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        self.name = name
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.ids: Ids = RandomIds()
        self.rpc = RpcServer(
            clock=self.clock,
            ids=self.ids,
            host=settings.listen_host,
            port=settings.grpc_port,
            tls=server_tls(settings),
            internal_port=settings.internal_grpc_port,
        )
        self.log = get_logger(name)
        self._closing = AsyncExitStack()
        self._shown: list[Callable[[], Sequence[Consumer]]] = []
        self._engines: list[AsyncEngine] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._after_start: list[Callable[[], Awaitable[None]]] = []
        self._before_drain: list[Callable[[], Awaitable[None]]] = []
        use_for_channels(client_tls(settings))
        self.guard: Guard | None = None

    def let_in(self, roles_with: RolesWith) -> None:
        """Puts the one access interceptor around every method, and gives the process its own credential.

        Raises ServiceKeyMissing. A method that does not declare its access keeps the server from starting.
        """
        guard = self.guard = Guard(self.name, self.settings, roles_with, self.clock, self.ids)
        self.rpc.intercept(guard.interceptor)
        act_as(guard.own_token)
        if self.settings.accounts_target:
            accounts = AccountsClient(self.settings.accounts_target, self.clock)
            self.on_close(accounts.close)
            guard.keys_from, guard.revocations_from = accounts.fetch_keys, accounts.fetch_revocations
        self.background("revocations", guard.watch_revocations)

    def on_close(self, close: Callable[[], Awaitable[Any]]) -> None:
        """Runs `close` at the end, after the gRPC server has drained; last registered, first run."""

        async def run() -> None:
            await close()

        self._closing.push_async_callback(run)

    def sql(
        self,
        *,
        application: str = "",
        pool_size: int = 0,
        silence_seconds: float = COMMAND_SECONDS,
        by_key: bool = False,
    ) -> AsyncEngine:
        """An engine over the service's own database, for connected(); closed at the end. The settings are SqlSettings.

        `application` names it to the database where it is not the service's only one; `pool_size` 0: as set; `by_key`:
        see create_engine.
        """
        settings = self.settings
        assert isinstance(settings, SqlSettings)
        engine = create_engine(
            settings.database_url.get_secret_value(),
            application=application or self.name,
            pool_size=pool_size or settings.database_pool_size,
            silence_seconds=silence_seconds,
            may_bypass=settings.database_role_may_bypass_row_security,
            by_key=by_key,
        )
        self._engines.append(engine)
        self.on_close(engine.dispose)
        return engine

    def bus(self) -> ManagedBus:
        """The bus of the settings, which are BusSettings; closed at the end."""
        settings = self.settings
        assert isinstance(settings, BusSettings)
        bus = open_bus(settings.bus_url.get_secret_value(), clock=self.clock, ids=self.ids, client_id=self.name)
        self.on_close(bus.close)
        return bus

    def outbox(self, engine: AsyncEngine, bus: ManagedBus) -> OutboxRelay:
        """Publishes what the service's stores enqueue, as "balcon.<name>". The bus may be down: events wait."""
        settings = self.settings
        assert isinstance(settings, BusSettings)
        relay = OutboxRelay(
            engine,
            bus,
            source=f"balcon.{self.name}",
            clock=self.clock,
            interval_seconds=settings.relay_interval_seconds,
        )

        async def publish() -> None:
            await bus.create_topics(TOPICS)
            await relay.run()

        self.background("outbox relay", publish)
        return relay

    def consume(
        self,
        engine: AsyncEngine,
        bus: ManagedBus,
        *,
        group: str,
        topics: Sequence[str],
        handler: EventHandler | None = None,
        batch_handler: BatchHandler | None = None,
        unhurried: bool = False,
    ) -> EventConsumer:
        """Applies the topics' events to the service's database, and shows operators what is parked of them.

        One of `handler` and `batch_handler`; `unhurried` where nobody waits for it: see EventConsumer, Bus.subscribe.
        """
        consumer = EventConsumer(
            bus,
            engine,
            group=group,
            topics=topics,
            handler=handler,
            batch_handler=batch_handler,
            clock=self.clock,
        )
        if unhurried:
            consumer.read_unhurried()
        self.show_consumers(bus, lambda: [consumer])
        self.background(f"{group} events", consumer.run)
        return consumer

    def show_consumers(self, bus: ManagedBus, consumers: Callable[[], Sequence[Consumer]]) -> None:
        """Answers operators for this process's consumer groups, and keeps the gauges of how far they are behind."""
        self._shown.append(consumers)
        if len(self._shown) > 1:
            return

        def everyone() -> list[Consumer]:
            return [consumer for shown in self._shown for consumer in shown()]

        serve_bus(self.rpc, everyone, self.clock)
        watch = LagWatch(bus, lambda: {consumer.group: consumer.topics for consumer in everyone()}, self.clock)
        self.background("lag watch", watch.run)

    def after_start(self, act: Callable[[], Awaitable[None]]) -> None:
        """Runs `act` when the gRPC port is known and open: what must tell others where this process is."""
        self._after_start.append(act)

    def before_drain(self, act: Callable[[], Awaitable[None]]) -> None:
        """Runs `act` on SIGTERM while calls are still answered: hand over what others may take."""
        self._before_drain.append(act)

    def background(self, name: str, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Keeps `loop` running: when it raises, that is logged and it is started again after a moment."""
        self._tasks.append(asyncio.create_task(self._keep_running(name, loop), name=name))

    async def _keep_running(self, name: str, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await loop()
            except Exception as error:
                fault = as_fault(error)
                if isinstance(fault, Retryable):
                    # Expected, and once a second from every loop: the cause is not in our code.
                    self.log.warning("loop_waits", loop=name, fault=type(fault).__name__)
                else:
                    self.log.error("loop_broke", loop=name, exc_info=error)
            else:
                return
            await self.clock.sleep(_RESTART_SECONDS)

    async def start(self) -> None:
        """Opens the gRPC port; what build() made is served from here on. Raises RoleCanBypass."""
        for engine in self._engines[:1]:
            await check_role(engine)
        await self.rpc.start()
        for act in self._after_start:
            await act()

    async def stop(self) -> None:
        """Drains, then closes everything that was opened."""
        for act in self._before_drain:
            try:
                await act()
            except Exception as error:
                self.log.error("hand_over_failed", exc_info=error)
        await self.rpc.stop(self.settings.drain_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._closing.aclose()
        use_for_channels(None)


def _collect_garbage_less_often() -> None:
    """To be called once everything is built: what is there now stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


async def _serve(
    name: str, settings: ServiceSettings, build: Callable[[Service], Awaitable[None]], roles_with: RolesWith
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    service = Service(name, settings)
    metrics = MetricsEndpoint(name, settings.listen_host, settings.metrics_port)
    try:
        service.let_in(roles_with)
        await build(service)
        service.background("watch_loop_lag", lambda: watch_loop_lag(service.clock))
        await service.start()
        _collect_garbage_less_often()
        service.log.info("service_started", grpc_port=service.rpc.port, metrics_port=metrics.port)
        await stopping.wait()
        service.log.info("service_stopping")
    finally:
        await service.stop()
        metrics.close()
    service.log.info("service_stopped")


def run_service(
    name: str, settings: ServiceSettings, build: Callable[[Service], Awaitable[None]], roles_with: RolesWith
) -> None:
    """Runs a service until SIGTERM or SIGINT. Exits 1 when it could not start.

    `roles_with` tells which roles have a permission: nothing is served that nobody guards.
    """
    configure_logging(name, settings.log_level)
    try:
        uvloop.run(_serve(name, settings, build, roles_with))
    except Exception as error:  # noqa: BLE001 (the last line of defence says why it died)
        get_logger(name).error("service_died", exc_info=error)
        sys.exit(1)
