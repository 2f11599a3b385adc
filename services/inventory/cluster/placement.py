"""Who should own a performance: rendezvous hashing over the live nodes, or its pin. A proposal, never a proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from services.inventory.ports import NodeInfo

# A hot performance moves only if that takes a fifth off the busier of the two nodes.
WORTHWHILE = 0.8


def _weight(performance_id: str, endpoint: str) -> bytes:
    return blake2b(f"{performance_id}|{endpoint}".encode(), digest_size=8).digest()


def preferred(performance_id: str, nodes: Iterable[NodeInfo], pinned_to: str = "") -> NodeInfo | None:
    """The node that should own the performance: the pin's while it lives, else the highest weight. None: no node may.

    Every node with the same view names the same one, and a node that joins or leaves moves only its own share.
    """
    able = [node for node in nodes if not node.draining]
    for node in able:
        if node.endpoint == pinned_to:
            return node
    return max(able, key=lambda node: _weight(performance_id, node.endpoint), default=None)


def pays(own_load: float, other_load: float, performance_load: float) -> bool:
    """Whether moving a performance in use evens two nodes out enough to be worth its pause. Loads in commands/s."""
    now = max(own_load, other_load)
    then = max(own_load - performance_load, other_load + performance_load)
    return then < now * WORTHWHILE


def without(nodes: Sequence[NodeInfo], incarnation: str) -> list[NodeInfo]:
    """All but one."""
    return [node for node in nodes if node.incarnation != incarnation]
