"""One transaction over the dashboards of people: each is one person's, and no house's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.once import RecordedAnswer
from services.reporting.domain.own_dashboard import OwnDashboard


class DashboardTransaction(Protocol):
    """Reads and writes that commit together; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    async def lock(self, person_id: str) -> None:
        """Until the end, whoever makes or changes a dashboard of this person waits."""
        ...

    async def find(self, person_id: str, dashboard_id: str) -> OwnDashboard | None:
        """The person's own; another person's is none."""
        ...

    async def of_person(self, person_id: str) -> Sequence[OwnDashboard]:
        """All, also those that were taken out of the menu, in no order."""
        ...

    async def save(self, dashboard: OwnDashboard) -> None:
        """Adds it, or replaces what is there."""
        ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
