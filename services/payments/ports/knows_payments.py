"""Whether a provider's payment is one of ours."""

from __future__ import annotations

from typing import Protocol

from services.payments.ports.provider import PaymentProvider


class KnowsPayments(Protocol):
    """Looks at our own record alone."""

    async def knows(self, provider: PaymentProvider, payment_ref: str) -> bool:
        """Whether a payment of ours at this account has this reference there."""
        ...
