"""Where holds are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.inventory.domain.records import Hold


@dataclass(frozen=True, slots=True)
class HoldWrites:
    """What one batch changes among the holds: new or replaced ones, and ids that ended."""

    put: Sequence[Hold]
    ended: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenedHolds:
    """What a new owner finds: the living holds, the store's own time, ids of what cannot be read as a hold; and the ids
    of holds that ended last, the latest at the end."""

    holds: Sequence[Hold]
    store_now_ms: int
    unreadable: Sequence[str] = ()
    ended: Sequence[str] = ()


class HoldStore(Protocol):
    """Holds by performance, fenced by (epoch, batch). Batches of an epoch are numbered 1, 2, 3 …"""

    async def open(self, performance_id: str, epoch: int) -> OpenedHolds:
        """Raises the fence to `epoch` (lower than the stored one: Fenced), then reads all holds, and the ids of the
        ENDED_HOLDS_REMEMBERED that ended last."""
        ...

    async def append(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        """Writes the whole batch or nothing; durable on return. A batch that is stored already counts as written.

        Raises Fenced, WritesLost (a number was skipped), StoreUnavailable (outcome unknown: send the same batch again).
        """
        ...
