"""At which account a buyer pays."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from services.runtime.errors import Refusal


class Till(NamedTuple):
    """Where a buyer pays: the kind of provider, and the house's account, "" where it is the deployment's own."""

    provider: str
    account_id: str


class Tills(Protocol):
    """Chooses at which account a buyer pays."""

    async def till(self, house_id: str, currency: str, asked: str = "") -> Till | Refusal:
        """Refusals: ProviderAccountMissing, ProviderAccountLocked."""
        ...
