"""Rows of visits, orders and calls, of one house, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.domain.called import Activity, CallRecord
from services.integrations.trackers.domain.reached import Call, Sale
from services.integrations.trackers.domain.visit import Visit


class Visits(Protocol):
    """What is kept of visits, sealed."""

    async def find(self, visit_id: str) -> Visit | None:
        """None: it was never told, was forgotten, or is too old."""
        ...

    async def lock(self, visit_id: str) -> Visit | None:
        """As find(), also where there is none: nobody else tells of the visit until the transaction ends."""
        ...

    async def save(self, visit: Visit) -> None:
        """In place of what was kept."""
        ...

    async def forget(self, visit_id: str) -> None: ...


class Shows(Protocol):
    """The house's performances, as far as the catalogue has told them."""

    async def find(self, performance_id: str) -> Show | None: ...

    async def learn(self, show: Show) -> None:
        """An older revision than the one known changes nothing."""
        ...


class Sales(Protocol):
    """Which visit an order was made in, and whether it was confirmed; events come in any order."""

    async def note(self, sale: Sale) -> Sale:
        """Adds what is new of it; all that is known then. What was known stays."""
        ...


class Calls(Protocol):
    """What trackers were told."""

    async def reached(self, calls: Sequence[Call]) -> Sequence[Call]:
        """Those that nobody has said before; from now on they are known."""
        ...

    async def handed_out(self, calls: Sequence[Call]) -> None:
        """The page was given them."""
        ...

    async def queued(self, calls: Sequence[Call]) -> None:
        """The server tells them too."""
        ...

    async def page(
        self, *, tracker_id: str, performance_id: str, after: Place | None, size: int
    ) -> Sequence[tuple[CallRecord, str]]:
        """With the id that a page goes on after. The latest first; '' looks at all."""
        ...

    async def activity(self, tracker_id: str) -> Sequence[Activity]:
        """By step; steps without any call are not in it."""
        ...
