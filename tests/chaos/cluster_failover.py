"""Faults of a Valkey Cluster, done to its processes: a master dies while its replica is behind, or all is flushed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from redis.crc import key_slot

from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.runtime.embedded.valkey_cluster import EmbeddedValkeyCluster
from services.runtime.testing import eventually

ELECTION_SECONDS = 120.0
REJOIN_SECONDS = 120.0
# Makes a hold at a performance; returns its id once the owner has said yes.
MakeHold = Callable[[str], Awaitable[str]]


class ClusterFaults:
    """`lost` counts the holds that a dead master had acknowledged and its successor did not know."""

    def __init__(self, cluster: EmbeddedValkeyCluster) -> None:
        self._cluster = cluster
        self.lost = 0

    async def lose_master(self, performances: Sequence[str], make_hold: MakeHold) -> str:
        """kill -9 of the master that has the most of `performances`, once it has told holds that its replica missed.

        One of them is made for it: what a buyer asks for at that moment may be sent again, and then nothing is lost.
        """
        await self._until(self._cluster.is_whole, REJOIN_SECONDS)
        masters = [self._cluster.master_of(_slot(performance)) for performance in performances]
        master = max(set(masters), key=masters.count)
        mine = [performance for performance, number in zip(performances, masters, strict=True) if number == master]
        replica = self._replica_of(master)
        with _stopped(self._cluster.servers[replica].pid):
            with self._cluster.client(master) as client:
                # Otherwise what comes now would wait for the replica in its socket.
                client.execute_command("CLIENT KILL TYPE replica")
            before = self._holds(master, mine)
            made = (mine[0], (await make_hold(mine[0])).encode())
            assert made in self._holds(master, mine), "the owner said yes to a hold that its store does not have"
            acknowledged = self._holds(master, mine)
            self._cluster.servers[master].kill()
        await self._until(lambda: replica in self._cluster.slots(), ELECTION_SECONDS)
        # Those that ended since are not lost, but each one that came after the replica's last word is.
        lost = len((acknowledged - before) - self._holds(replica, mine))
        self.lost += lost
        await asyncio.to_thread(self._cluster.servers[master].start)
        await self._until(self._cluster.is_whole, REJOIN_SECONDS)
        return f"master {master}, {lost} of its holds lost"

    def flush_all(self) -> None:
        """FLUSHALL on every master."""
        for number in self._cluster.slots():
            with self._cluster.client(number) as client:
                client.flushall()

    def flush_functions(self) -> None:
        """FUNCTION FLUSH on every master."""
        for number in self._cluster.slots():
            with self._cluster.client(number) as client:
                client.function_flush()

    def master_of(self, performance: str) -> int:
        """The server that has a performance's holds now."""
        return self._cluster.master_of(_slot(performance))

    @staticmethod
    async def _until(condition: Callable[[], bool], seconds: float) -> None:
        """In a thread: this process may pass on other people's bytes meanwhile."""
        await eventually(lambda: asyncio.to_thread(condition), seconds)

    def _replica_of(self, master: int) -> int:
        with self._cluster.client(master) as client:
            port = client.info("replication")["slave0"]["port"]
        return next(number for number, server in enumerate(self._cluster.servers) if server.port == port)

    def _holds(self, number: int, performances: Sequence[str]) -> set[tuple[str, bytes]]:
        with self._cluster.client(number) as client:
            return {
                (performance, bytes(hold_id))
                for performance in performances
                for hold_id in client.hkeys(RedisHoldStore.keys(performance)[1])
            }


def _slot(performance: str) -> int:
    return int(key_slot(performance.encode()))


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
