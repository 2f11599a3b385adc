"""A Valkey Cluster as the nodes under test use it: each node reaches every server through proxies of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from redis.asyncio import Redis
from redis.crc import key_slot

from services.runtime.clock import Clock
from services.runtime.embedded.ports import LOOPBACK
from services.runtime.embedded.valkey_cluster import EmbeddedValkeyCluster
from tests.chaos.cluster_failover import ClusterFaults
from tests.chaos.tcp_proxy import TcpProxy
from tests.chaos.valkeys import Valkeys


class ClusteredValkeys(Valkeys):
    """Three masters with a replica each. Servers know one another directly; a master is lost by kill -9."""

    def __init__(self, clock: Clock, folder: Path) -> None:
        super().__init__(clock, folder, with_sentinels=False)
        self.cluster = EmbeddedValkeyCluster(folder / "valkey_cluster", replicas=3)
        self.faults = ClusterFaults(self.cluster)

    @property
    def ports(self) -> list[int]:
        """See Valkeys."""
        return [server.port for server in self.cluster.servers]

    async def start(self) -> None:
        """See Valkeys."""
        await asyncio.to_thread(self.cluster.start)

    async def stop(self) -> None:
        """See Valkeys."""
        await asyncio.to_thread(self.cluster.stop)

    def url_for(self, stores: list[TcpProxy]) -> str:
        """See Valkeys. Where slots are, the servers tell by their ports: to this node they are its proxies'."""
        swaps = {
            f":{port}\r\n".encode(): f":{proxy.port}\r\n".encode()
            for port, proxy in zip(self.ports, stores, strict=True)
        }
        for proxy in stores:
            proxy.swaps = swaps
        return "redis+cluster://" + ",".join(f"{LOOPBACK}:{proxy.port}" for proxy in stores)

    async def masters(self) -> list[int]:
        """See Valkeys."""
        return list(await asyncio.to_thread(self.cluster.slots))

    async def master_of(self, key: str) -> int:
        """See Valkeys."""
        return await asyncio.to_thread(self.cluster.master_of, int(key_slot(key.encode())))

    def client(self, number: int) -> Redis:
        """See Valkeys."""
        return Redis(host=LOOPBACK, port=self.ports[number], socket_timeout=5)
