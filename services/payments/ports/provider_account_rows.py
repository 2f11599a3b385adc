"""The accounts that one house has with payment providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import AskedPage
from services.payments.domain.provider_account import Credentials, ProviderAccount


class ProviderAccountRows(Protocol):
    """The accounts of one house, in one transaction. Credentials go in sealed and come out where they are used only."""

    async def find(self, account_id: str) -> ProviderAccount | None:
        """As it stands."""
        ...

    async def lock(self, account_id: str) -> ProviderAccount | None:
        """The same, until the transaction ends."""
        ...

    async def lock_live(self) -> Sequence[ProviderAccount]:
        """Those that were not archived, for one transaction of the house at a time."""
        ...

    async def page(self, asked: AskedPage, *, archived: bool) -> Sequence[ProviderAccount]:
        """One more than asked for where there are more; in the order in which they were made."""
        ...

    async def add(self, account: ProviderAccount, credentials: Credentials) -> None:
        """A new one."""
        ...

    async def save(self, account: ProviderAccount) -> None:
        """A changed one."""
        ...

    async def credentials(self, account_id: str) -> Credentials:
        """What lets us in. SealBroken."""
        ...

    async def set_credentials(self, account: ProviderAccount, credentials: Credentials) -> None:
        """A changed one with other credentials."""
        ...
