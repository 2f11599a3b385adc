"""Opens accounts with providers: which adapter speaks with which kind. Nothing else knows them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.payments.domain.provider_account import Credentials, ProviderAccount, ProviderKind
from services.payments.ports import PaymentProvider

Opener = Callable[[ProviderAccount, Credentials], PaymentProvider]


class ProviderOpener:
    """See OpensProviders. A kind that is not among `openers` is not offered."""

    def __init__(self, openers: Mapping[ProviderKind, Opener]) -> None:
        self._openers = openers

    def offers(self, provider: ProviderKind) -> bool:
        """See OpensProviders.offers."""
        return provider in self._openers

    def open(self, account: ProviderAccount, credentials: Credentials) -> PaymentProvider:
        """See OpensProviders.open."""
        return self._openers[account.provider](account, credentials)
