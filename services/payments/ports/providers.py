"""The accounts at providers that are open."""

from __future__ import annotations

from typing import Protocol

from services.payments.ports.provider import PaymentProvider


class Providers(Protocol):
    """The providers that are open: one for each account of a house, and the deployment's own."""

    async def of(self, account: str) -> PaymentProvider:
        """The account's; one that is UNCERTAIN about everything where there is no such account or it cannot open."""
        ...

    async def heard(self, name: str, account: str) -> PaymentProvider | None:
        """The account's, to read a webhook that came to its address; None where this kind has no such account."""
        ...
