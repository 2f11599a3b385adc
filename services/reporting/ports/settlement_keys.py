"""The store of the keys that sign settlements; they are the deployment's, not a house's."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.runtime.signing_keys.port import SigningKeys


class SettlementKeys(Protocol):
    """Any call may raise StoreUnavailable. Keys are never removed: settlements of long ago are checked with them."""

    def transaction(self) -> AbstractAsyncContextManager[SigningKeys]:
        """Done at the end of the block."""
        ...
