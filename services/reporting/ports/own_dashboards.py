"""Dashboards that people have made. What is chosen may be of many houses."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.reporting.ports.dashboard_transaction import DashboardTransaction


class OwnDashboards(Protocol):
    """The store."""

    def transaction(self) -> AbstractAsyncContextManager[DashboardTransaction]:
        """Raises StoreUnavailable."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets as many keys of requests that are older. Returns how many."""
        ...
