"""Tells a node's health: without its lease store it can hold nothing, and who asks must learn that from one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.inventory.cluster.membership import NodeLease
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger

# The holds are kept where the leases are. Shorter silences are a failover, and are over by themselves.
PATIENCE_IN_LEASES = 2.0
LOOK_SECONDS = 0.5

_log = get_logger("health")


class NodeHealth:
    """Serving as long as the lease was renewed lately; `tell` is told of each change."""

    def __init__(self, lease: NodeLease, clock: Clock, tell: Callable[[bool], Awaitable[None]]) -> None:
        self._lease = lease
        self._clock = clock
        self._tell = tell
        self._is_serving = True

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            is_serving = self._lease.silent_seconds() <= PATIENCE_IN_LEASES * self._lease.ttl_seconds
            if is_serving != self._is_serving:
                _log.warning("health_changed", is_serving=is_serving)
                await self._tell(is_serving)
                self._is_serving = is_serving
            await self._clock.sleep(LOOK_SECONDS)
