"""The bus of a whole stack, and how it is taken away: a real Kafka broker, or the log in Postgres behind a proxy."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Protocol

from services.console.stack.blueprint import BUS_DATABASE
from services.runtime.clock import Clock
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.embedded.ports import LOOPBACK
from tests.chaos.tcp_proxy import Mode, TcpProxy


class BusFront(Protocol):
    """A bus that faults can be done to. `kinds` are the faults it knows."""

    kinds: tuple[str, ...]
    url: str

    async def start(self) -> None:
        """Makes it reachable."""
        ...

    async def take_away(self, kind: str) -> None:
        """One of `kinds` begins."""
        ...

    async def give_back(self) -> None:
        """It is whole again."""
        ...

    async def stop(self) -> None:
        """Ends it."""
        ...


class PostgresBusFront:
    """The log in Postgres: what goes over the bus, and nothing else, goes through a proxy."""

    kinds: tuple[str, ...] = ("bus_freeze", "bus_half_open", "bus_cut")

    def __init__(self, clock: Clock, postgres_port: int) -> None:
        self._proxy = TcpProxy(clock, postgres_port)
        self.url = ""

    async def start(self) -> None:
        """See BusFront."""
        await self._proxy.start()
        self.url = f"postgresql+asyncpg://postgres@{LOOPBACK}:{self._proxy.port}/{BUS_DATABASE}"

    async def take_away(self, kind: str) -> None:
        """See BusFront."""
        modes = {"bus_freeze": Mode.FREEZE, "bus_half_open": Mode.HALF_OPEN, "bus_cut": Mode.CUT}
        await self._proxy.set_mode(modes[kind])

    async def give_back(self) -> None:
        """See BusFront."""
        await self._proxy.set_mode(Mode.PASS)

    async def stop(self) -> None:
        """See BusFront."""
        await self._proxy.close()


class KafkaBusFront:
    """A broker of the storm's own."""

    kinds: tuple[str, ...] = ("bus_restart", "bus_freeze")

    def __init__(self, folder: Path) -> None:
        self._broker = EmbeddedKafka(folder)
        self.url = f"kafka://{self._broker.bootstrap}"

    async def start(self) -> None:
        """See BusFront."""
        await asyncio.to_thread(self._broker.start)

    async def take_away(self, kind: str) -> None:
        """See BusFront."""
        if kind == "bus_restart":
            self._broker.kill()
        else:
            os.kill(self._broker.pid, signal.SIGSTOP)

    async def give_back(self) -> None:
        """See BusFront."""
        if self._broker.running:
            os.kill(self._broker.pid, signal.SIGCONT)
        else:
            await asyncio.to_thread(self._broker.start)

    async def stop(self) -> None:
        """See BusFront."""
        if self._broker.running:
            os.kill(self._broker.pid, signal.SIGCONT)
        await asyncio.to_thread(self._broker.stop)
