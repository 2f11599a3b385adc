"""Those who watch the hall through any node: quick ones, slow ones, and the auditor of what each of them is shown."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from itertools import count
from typing import Any, cast

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.actors.seat_feed import Delta, Watcher
from tests.simulation.stage.acknowledged import Acknowledged
from tests.simulation.stage.node_rpc import SERVICE, RpcCall
from tests.simulation.stage.processes import outside
from tests.simulation.stage.wires import Wires


def shown_after(states: bytes, update: pb.WatchSeatsResponse) -> bytes:
    """The map with the update taken in."""
    if update.HasField("snapshot"):
        return update.snapshot.seat_states
    shown = bytearray(states)
    for seat, state in zip(update.delta.seat_indexes, update.delta.seat_states, strict=True):
        shown[seat] = state
    return bytes(shown)


def numbered_watchers(met: Counter[str]) -> type[Watcher]:
    """For the feed, which keeps its watchers in a set: in a set of these they have the same order in every run."""
    numbers = count()

    class NumberedWatcher(Watcher):
        def __init__(self) -> None:
            super().__init__()
            self._number = next(numbers)

        def __hash__(self) -> int:
            return self._number

        def offer(self, delta: Delta) -> bool:
            is_taken = super().offer(delta)
            met["watch_cut"] += not is_taken
            return is_taken

    return NumberedWatcher


class SentMaps:
    """The auditor of one stream, where it leaves its node: every map on it is acknowledged at that moment, in order."""

    def __init__(self, call: RpcCall, truth: Acknowledged, met: Counter[str]) -> None:
        self._performance_id = pb.WatchSeatsRequest.FromString(call.payload).key.performance_id
        self._truth = truth
        self._met = met
        self._states = b""
        self._place = (0, 0)

    def __call__(self, payload: bytes) -> None:
        """Before the payload is sent."""
        update = pb.WatchSeatsResponse.FromString(payload)
        self._states = shown_after(self._states, update)
        place = self._truth.place_of(self._performance_id, update.epoch, self._states, self._place)
        if place is None:
            told = f"version {update.version} of epoch {update.epoch} of {self._performance_id}"
            self._truth.violations.append(f"{told} shows {list(self._states)}: not acknowledged after {self._place}")
            return
        self._met["watch_coalesced"] += sum(place) > sum(self._place) + 1 and not update.HasField("snapshot")
        self._place = place


# A visit to the page: then the watch is begun anew.
LONGEST_WATCH_SECONDS = 40.0


class Viewer:
    """One page that shows one hall. Asks with the newest epoch it has seen, so it is never shown an older one."""

    def __init__(self, name: str, performance_id: str, house_id: str, wires: Wires) -> None:
        self.name = name
        self.performance_id = performance_id
        self.states = b""
        self.epoch = 0
        self.version = 0
        self.is_watching = False
        self.violations: list[str] = []
        self._house_id = house_id
        self._wires = wires
        self._clock = wires.clock
        self._random = wires.weather.random
        self._met = wires.weather.met
        self._is_slow = self._random.random() < 0.4

    def begin(self) -> None:
        """Watches from now on, for ever."""
        _ = outside(self._watches(), self.name)

    async def _watches(self) -> None:
        while True:
            await self._clock.sleep(self._random.uniform(0.05, 1.0))
            try:
                await self._watch(self._random.choice(sorted(self._wires.nodes)))
                self._met["watch_ended"] += 1
            except grpc.aio.AioRpcError as error:
                self._met[f"watch_{error.code().name}"] += 1
            self.is_watching = False

    async def _watch(self, place: str) -> None:
        key = pb.PerformanceKey(house_id=self._house_id, performance_id=self.performance_id, epoch=self.epoch)
        call = RpcCall(SERVICE + "WatchSeats", pb.WatchSeatsRequest(key=key).SerializeToString(), (), None)
        leaves_at = self._clock.monotonic() + self._random.uniform(5.0, LONGEST_WATCH_SECONDS)
        updates = self._wires.stream("viewer", lambda: False, place, call)
        async with aclosing(cast("Any", updates)):
            async for payload in updates:
                self._hears(pb.WatchSeatsResponse.FromString(payload))
                if self._wires.weather.is_fair:
                    continue
                if self._is_slow:
                    await self._clock.sleep(self._random.choice([0.0, 0.5, 4.0]))
                if self._clock.monotonic() > leaves_at:
                    self._met["viewer_left"] += 1
                    return

    def _hears(self, update: pb.WatchSeatsResponse) -> None:
        """RULE 23: a snapshot, then each version of the epoch in turn; nothing older."""
        if update.HasField("snapshot"):
            self._begins(update)
        else:
            self._goes_on(update)
        self.states, self.epoch, self.version = shown_after(self.states, update), update.epoch, update.version

    def _begins(self, update: pb.WatchSeatsResponse) -> None:
        if self.is_watching:
            self._finds("is told a second snapshot", update)
        if (update.epoch, update.version) < (self.epoch, self.version):
            self._finds(f"goes back from epoch {self.epoch}, version {self.version}", update)
        self._met["watch_resynced"] += update.epoch == self.epoch
        self._met["watch_moved"] += 0 < self.epoch < update.epoch
        self.is_watching = True

    def _goes_on(self, update: pb.WatchSeatsResponse) -> None:
        if (update.epoch, update.version) != (self.epoch, self.version + 1) or not self.is_watching:
            self._finds(f"is told that after epoch {self.epoch}, version {self.version}", update)
        self._met["watch_delta"] += 1

    def _finds(self, what: str, update: pb.WatchSeatsResponse) -> None:
        kind = "snapshot" if update.HasField("snapshot") else "delta"
        told = f"{kind} {update.version} of epoch {update.epoch} of {self.performance_id}"
        self.violations.append(f"{self.name} {what}: {told}")
