"""What settlements need from a store."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.reporting.ports.settlement_transaction import SettlementTransaction


class SettlementStore(Protocol):
    """The record of deals and settlements. Every call may raise StoreUnavailable."""

    def transaction(self, house_id: str, /) -> AbstractAsyncContextManager[SettlementTransaction]:
        """Over what belongs to the house. Undone unless commit()."""
        ...
