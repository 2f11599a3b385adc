"""Where the leases of nodes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.inventory.ports.membership import NodeInfo


class LeaseStore(Protocol):
    """Where nodes' leases are kept. Each call raises StoreUnavailable when the store does not answer."""

    async def put(self, node: NodeInfo, ttl_ms: int) -> None:
        """Writes or renews a lease that ends by itself `ttl_ms` from now; 0 is one that never stands."""
        ...

    async def exists(self, incarnation: str) -> bool:
        """Whether the lease stands."""
        ...

    async def live(self) -> Sequence[NodeInfo]:
        """Every node whose lease stands."""
        ...

    async def drop(self, incarnation: str) -> None:
        """Ends a lease."""
        ...
