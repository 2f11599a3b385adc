"""Rows of trackers and attachments, of one house, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.integrations.trackers.domain.attachment import Attachment
from services.integrations.trackers.domain.tracker import Credentials, Tracker


class Trackers(Protocol):
    """The house's trackers."""

    async def find(self, tracker_id: str) -> Tracker | None:
        """None: there is none."""
        ...

    async def lock(self, tracker_id: str) -> Tracker | None:
        """As find(), and nobody else changes it until the transaction ends."""
        ...

    async def count(self) -> int:
        """Those that are not archived."""
        ...

    async def page(self, *, archived: bool, after: Place | None, size: int) -> Sequence[Tracker]:
        """By id, which is the order they were made in. `archived`: those as well."""
        ...

    async def add(self, tracker: Tracker, credentials: Credentials) -> None: ...

    async def save(self, tracker: Tracker) -> None:
        """Its credentials stay as they are."""
        ...

    async def seal(self, tracker_id: str, credentials: Credentials) -> None:
        """In place of those before; empty ones take them away."""
        ...

    async def credentials(self, tracker_id: str) -> Credentials:
        """Opened; empty where there are none."""
        ...


class Attachments(Protocol):
    """What the house's trackers are attached to."""

    async def add(self, attachment: Attachment) -> None:
        """Where find() has none, while its tracker is locked."""
        ...

    async def find(self, attachment: Attachment) -> Attachment | None:
        """As it is kept: the same tracker at the same thing."""
        ...

    async def remove(self, attachment: Attachment) -> bool:
        """Whether it was there."""
        ...

    async def page(
        self, *, tracker_id: str, performance_id: str, after: Place | None, size: int
    ) -> Sequence[tuple[Attachment, str]]:
        """With the id that a page goes on after. Oldest first, '' looks at all; a performance has its production's."""
        ...

    async def attached(self, performance_id: str) -> Sequence[Tracker]:
        """The trackers of a performance that are not archived, each once, by id."""
        ...
