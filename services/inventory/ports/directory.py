"""Who owns which performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Owner:
    """A directory row. `incarnation` is empty after a release."""

    incarnation: str
    endpoint: str
    epoch: int


@dataclass(frozen=True, slots=True)
class OwnedPerformance:
    """A directory row as operators see it."""

    performance_id: str
    owner: Owner
    pinned_to: str


class Directory(Protocol):
    """Who owns which performance. The only place epochs are minted (RULE 1)."""

    async def owner_of(self, performance_id: str) -> Owner | None:
        """The row as it stands; None if there never was an owner."""
        ...

    async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        """Takes it if its epoch still is `seen_epoch` (0: no row). The new epoch, or None: somebody else did."""
        ...

    async def release(self, performance_id: str, epoch: int) -> None:
        """Gives the row up, so that the next owner need not wait. Does nothing when the epoch has moved on."""
        ...

    async def epochs_of(self, performance_ids: Sequence[str]) -> Mapping[str, int]:
        """The epochs as they stand, for those that ever were owned."""
        ...

    async def pins(self) -> Mapping[str, str]:
        """Endpoints by performance, for all that are pinned."""
        ...

    async def pin(self, performance_id: str, endpoint: str) -> None:
        """Pins a performance to an endpoint; an empty one unpins it."""
        ...

    async def page(self, after: str, size: int) -> Sequence[OwnedPerformance]:
        """Rows in the order of their ids, those after `after`."""
        ...
