"""What opens a house's account with a payment provider."""

from __future__ import annotations

from typing import Protocol

from services.payments.domain.provider_account import Credentials, ProviderAccount, ProviderKind
from services.payments.ports.provider import PaymentProvider


class OpensProviders(Protocol):
    """Opens accounts: the adapters of the kinds that this deployment offers."""

    def offers(self, provider: ProviderKind) -> bool:
        """Whether accounts of this kind can be had here."""
        ...

    def open(self, account: ProviderAccount, credentials: Credentials) -> PaymentProvider:
        """Connections are made when something is asked; close() it."""
        ...
