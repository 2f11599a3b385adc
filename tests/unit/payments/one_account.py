"""The deployment's own account alone, for tests of what asks for accounts by name."""

from __future__ import annotations

from services.payments.ports import PaymentProvider
from services.payments.ports.tills import Till


class OneAccount:
    """See Providers and Tills: whatever account is named, it is this one."""

    def __init__(self, provider: PaymentProvider) -> None:
        self._provider = provider

    async def of(self, account: str) -> PaymentProvider:
        """See Providers.of."""
        del account
        return self._provider

    async def till(self, house_id: str, currency: str, asked: str = "") -> Till:
        """See Tills.till."""
        del house_id, currency, asked
        return Till(self._provider.name, "")

    async def heard(self, name: str, account: str) -> PaymentProvider | None:
        """See Providers.heard."""
        mine = self._provider
        return mine if (name, account) == (mine.name, mine.account) else None
