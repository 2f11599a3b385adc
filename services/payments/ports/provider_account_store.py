"""The record of houses' accounts with payment providers, and what opens them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from services.payments.domain.provider_account import Credentials, ProviderAccount
from services.payments.ports.provider_accounts_transaction import ProviderAccountsTransaction


class OpenableAccount(NamedTuple):
    """An account with what lets us in there."""

    account: ProviderAccount
    credentials: Credentials


class ProviderAccountStore(Protocol):
    """Accounts of all houses."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[ProviderAccountsTransaction]:
        """Over one house."""
        ...

    async def of_house(self, house_id: str) -> Sequence[ProviderAccount]:
        """All of a house, those that were archived too."""
        ...

    async def openable(self, account_id: str) -> OpenableAccount | None:
        """An account of whichever house, with what opens it; None where there is none. SealBroken."""
        ...

    async def revision(self, account_id: str) -> int | None:
        """Whether what was read of it still holds."""
        ...

    async def listed(self) -> Sequence[ProviderAccount]:
        """Accounts whose payments are to be listed, of all houses; those that were archived long ago are not."""
        ...

    async def locked(self) -> Sequence[ProviderAccount]:
        """Accounts whose key their provider refuses, of all houses."""
        ...

    async def reseal(self, limit: int) -> int:
        """Seals anew, with the first of the secrets, what is sealed with another; answers how many."""
        ...
