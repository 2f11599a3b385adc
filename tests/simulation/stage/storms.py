"""What befalls a world while its storm lasts: nodes die, freeze and stop; links break; the hold store loses writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.runtime.clock import Clock
from tests.simulation.stage.history import History
from tests.simulation.stage.node import Cluster, InventoryNode
from tests.simulation.stage.processes import outside
from tests.simulation.stage.servers import POSTGRES, REDIS
from tests.simulation.stage.weather import Weather

STOP_SECONDS = 3.0


class Storm:
    """Owns the nodes' lives. heal() ends every fault and brings everything back."""

    def __init__(self, cluster: Cluster, places: list[str], history: History, clock: Clock, weather: Weather) -> None:
        self.nodes: dict[str, InventoryNode | None] = {}
        self.everyone: list[InventoryNode] = []
        self._cluster = cluster
        self._places = places
        self._history = history
        self._clock = clock
        self._weather = weather
        self._random = weather.random
        self._tasks: list[asyncio.Task[None]] = []
        cluster.wires.nodes = self.nodes
        for place in places:
            self._start(place)

    def _start(self, place: str) -> None:
        node = InventoryNode(self._cluster, place, len(self.everyone))
        self.everyone.append(node)
        self.nodes[place] = node

    def begin(self) -> None:
        """From now on, until heal()."""
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "crash": self._crash,
            "stop": self._stop,
            "freeze": self._freeze,
            "partition": self._partition,
            "failover": self._failover,
            "flush": self._flush,
            "clock_step": self._clock_step,
        }
        for name, act in acts.items():
            if name in self._weather.events:
                self._tasks.append(outside(self._again(name, act), name))

    async def _again(self, name: str, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._clock.sleep(self._random.expovariate(1 / self._weather.events[name]))
            self._weather.met[name] += 1
            self._weather.note(round(self._clock.monotonic(), 6), name)
            await act()

    async def heal(self) -> None:
        """Fair weather: nothing fails any more."""
        for task in self._tasks:
            task.cancel()
        self._weather.is_fair = True
        self._weather.partitions.clear()
        self._loses_writes_of_the_old_master()
        for place, node in self.nodes.items():
            if node is None or node.process.is_dead:
                self._start(place)
            else:
                node.process.thaw()

    def _anyone(self) -> InventoryNode | None:
        return self.nodes[self._random.choice(self._places)]

    async def _crash(self) -> None:
        node = self._anyone()
        if node is not None:
            await self._ends(node)

    async def _ends(self, node: InventoryNode) -> None:
        node.process.kill()
        self.nodes[node.place] = None
        await self._clock.sleep(self._random.uniform(0.2, 9.0))
        self._start(node.place)

    async def _stop(self) -> None:
        node = self._anyone()
        if node is None:
            return
        stopping = node.process.start(node.stop(), "stop")
        await asyncio.wait([stopping], timeout=STOP_SECONDS)
        if not node.process.is_dead:
            await self._ends(node)

    async def _freeze(self) -> None:
        node = self._anyone()
        if node is not None:
            node.process.freeze()
            await self._clock.sleep(self._random.uniform(0.5, 16.0))
            node.process.thaw()

    async def _partition(self) -> None:
        place = self._random.choice(self._places)
        other = self._random.choice([one for one in self._places if one != place])
        cut = (place, self._random.choice([REDIS, REDIS, POSTGRES, "buyer", "shop0", "viewer", other, other]))
        self._weather.partitions.add(cut)
        await self._clock.sleep(self._random.uniform(0.5, 12.0))
        self._weather.partitions.discard(cut)

    async def _failover(self) -> None:
        servers = self._cluster.servers
        behind = {place for place in self._places if self._random.random() < 0.4}
        self._tell_loss()
        await servers.holds.fail_over(self._random.randrange(12), behind)
        await self._clock.sleep(self._random.uniform(0.1, 5.0))
        self._loses_writes_of_the_old_master()

    def _loses_writes_of_the_old_master(self) -> None:
        if self._cluster.servers.holds.has_old_master:
            self._tell_loss()
            self._cluster.servers.holds.join_up()

    async def _flush(self) -> None:
        self._tell_loss()
        self._cluster.servers.holds.lose_everything()

    def _tell_loss(self) -> None:
        record = self._cluster.servers.record
        for performance_id in record.minted:
            self._history.loses(performance_id, record.epoch(performance_id))

    async def _clock_step(self) -> None:
        self._cluster.servers.clock.step(self._random.choice([-8_000, -1_000, 2_000, 15_000, 120_000]))
