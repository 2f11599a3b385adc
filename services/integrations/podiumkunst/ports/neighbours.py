"""What is asked of the catalogue and of accounts where no event has told it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.integrations.podiumkunst.domain.show import Show
from services.runtime.errors import Retryable


class NeighbourSilent(Retryable):
    """Another service does not answer."""


@dataclass(frozen=True, slots=True)
class Hall:
    """A hall of the house."""

    hall_id: str
    name: str


@dataclass(frozen=True, slots=True)
class HallPage:
    """`next_page_token` is the catalogue's own, '' on the last page."""

    halls: Sequence[Hall]
    next_page_token: str


class Neighbours(Protocol):
    """Each call may raise NeighbourSilent."""

    async def zone(self, house_id: str) -> str | None:
        """None: there is no such house."""
        ...

    async def show(self, house_id: str, performance_id: str) -> Show | None:
        """None: the house has no such performance."""
        ...

    async def show_by_code(self, house_id: str, code: str) -> Show | None:
        """Likewise."""
        ...

    async def hall(self, house_id: str, hall_id: str) -> Hall | None:
        """None: the house has no such hall."""
        ...

    async def halls(self, house_id: str, page_size: int, page_token: str) -> HallPage | None:
        """The oldest first. None: the token is none of the catalogue's."""
        ...
