"""This node's lease and its view of the others'. One small key per node, whatever the number of performances.

A lease decides nothing: epochs and fences do (RULE 4). It only bounds how long a dead node keeps others waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.inventory.ports import Directory, LeaseStore, NodeInfo, StoreUnavailable
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger

_log = get_logger("membership")


class NodeLease:
    """See ports.Membership. Renewed by run(); valid from the *send* of a renewal, less a margin (RULE 5)."""

    def __init__(
        self,
        leases: LeaseStore,
        directory: Directory,
        clock: Clock,
        ids: Ids,
        *,
        ttl_seconds: float = 6.0,
        renew_seconds: float = 2.0,
        margin_seconds: float = 1.0,
    ) -> None:
        self._leases = leases
        self._directory = directory
        self._clock = clock
        self._ttl_seconds = ttl_seconds
        self._renew_seconds = renew_seconds
        self._margin_seconds = margin_seconds
        self._valid_until = float("-inf")
        self._renewed_at = clock.monotonic()
        self._has_resigned = False
        self.incarnation = ids.new_id("node")
        self.endpoint = ""
        self.is_draining = False
        self.nodes: Sequence[NodeInfo] = ()
        self.pins: Mapping[str, str] = {}
        # Tells this node's load for the lease; the host sets it.
        self.load: Callable[[], float] = float

    def is_valid(self) -> bool:
        """See Membership. With a TTL of 0 no lease stands and every node believes in its own: fences alone then decide
        (RULE 4)."""
        if self._ttl_seconds == 0:
            return not self._has_resigned
        return self._clock.monotonic() < self._valid_until

    def valid_seconds(self) -> float:
        """How long the lease still stands; 0 when it has ended."""
        return float("inf") if self._ttl_seconds == 0 else max(self._valid_until - self._clock.monotonic(), 0.0)

    @property
    def ttl_seconds(self) -> float:
        """How long a lease stands; 0: there are none."""
        return self._ttl_seconds

    def silent_seconds(self) -> float:
        """Since the store has last taken a renewal; 0 where there are no leases."""
        return self._clock.monotonic() - self._renewed_at if self._ttl_seconds else 0.0

    async def renew(self) -> None:
        """One renewal. Raises StoreUnavailable; the lease then runs on to its end."""
        sent = self._clock.monotonic()
        own = NodeInfo(self.incarnation, self.endpoint, self.is_draining, round(self.load(), 1))
        await self._leases.put(own, int(self._ttl_seconds * 1000))
        self._renewed_at = sent
        self._valid_until = sent + self._ttl_seconds - self._margin_seconds

    async def look_around(self) -> None:
        """Takes a fresh view of nodes and pins. Raises StoreUnavailable; the old view then stands."""
        self.nodes = await self._leases.live()
        self.pins = await self._directory.pins()

    async def keep_pins_fresh(self) -> None:
        """Loop of its own: the directory is in another store, whose silence must not cost the lease."""
        while not self._has_resigned:
            await self._clock.sleep(self._renew_seconds)
            try:
                self.pins = await self._directory.pins()
            except StoreUnavailable:
                _log.warning("pins_not_read", incarnation=self.incarnation)

    async def run(self) -> None:
        """Renews and looks for other nodes until cancelled, or until this node has resigned."""
        while not self._has_resigned:
            try:
                await self.renew()
                self.nodes = await self._leases.live()
            except StoreUnavailable:
                _log.warning("lease_not_renewed", incarnation=self.incarnation, is_valid=self.is_valid())
            await self._clock.sleep(self._renew_seconds)

    async def resign(self) -> None:
        """Ends the lease at once, so that nobody waits for it."""
        self._has_resigned = True
        self._valid_until = float("-inf")
        try:
            await self._leases.drop(self.incarnation)
        except StoreUnavailable:
            _log.warning("lease_not_dropped", incarnation=self.incarnation)

    async def is_alive(self, incarnation: str) -> bool:
        return await self._leases.exists(incarnation)
