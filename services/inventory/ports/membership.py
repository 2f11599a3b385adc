"""Which nodes live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A live node as its lease tells it. `load` is commands per second, lately."""

    incarnation: str
    endpoint: str
    draining: bool = False
    load: float = 0.0


class Membership(Protocol):
    """Which nodes live. A hint: wrong belief costs a refused batch, never a wrong sale (RULE 4)."""

    @property
    def incarnation(self) -> str:
        """This process's own identity, fresh at each start."""
        ...

    @property
    def endpoint(self) -> str:
        """host:port of this node's gRPC server."""
        ...

    @property
    def nodes(self) -> Sequence[NodeInfo]:
        """The live nodes as of the last renewal, this one among them while its lease is valid."""
        ...

    @property
    def pins(self) -> Mapping[str, str]:
        """Pinned performances as of the last renewal."""
        ...

    def is_valid(self) -> bool:
        """Whether this node may still believe in its lease, counted from the send of its last renewal."""
        ...

    async def is_alive(self, incarnation: str) -> bool:
        """Whether another node's lease stands."""
        ...
