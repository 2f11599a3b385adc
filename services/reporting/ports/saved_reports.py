"""Saved reports inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.reporting.domain.saved_report import SavedReport


class SavedReports(Protocol):
    """Of the transaction's house. Any call may raise StoreUnavailable."""

    async def add(self, report: SavedReport) -> None: ...

    async def get(self, saved_report_id: str) -> SavedReport | None: ...

    async def count(self) -> int:
        """Those in use."""
        ...

    async def save(self, report: SavedReport) -> bool:
        """Keeps it in place of the revision before its own; False: somebody else has changed it meanwhile."""
        ...

    async def page(self, after: Place | None, limit: int, *, archived: bool, promoter_id: str) -> Sequence[SavedReport]:
        """In the order in which they were made."""
        ...
