"""Payments that a house's provider has and we do not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.pages import AskedPage
from services.payments.ports.provider import PaymentProvider, ProviderPayment


@dataclass(frozen=True, slots=True)
class UnknownPayment:
    """As it was last told of. `named_payment_id`: the payment of ours that it says it is, "" where it names none."""

    account_id: str
    payment_ref: str
    named_payment_id: str
    status: str
    amount_minor: int
    currency: str
    first_seen_at_ms: int
    last_seen_at_ms: int


class UnknownPayments(Protocol):
    """Kept for people of the house: their own sales elsewhere, or what we have lost."""

    async def add(self, provider: PaymentProvider, told: ProviderPayment) -> None:
        """Told now, of a house's account; the deployment's own has no house to tell."""
        ...

    async def page(self, house_id: str, asked: AskedPage, account_id: str) -> Sequence[UnknownPayment]:
        """One more than asked for where there are more; of one account, or of all where it is empty."""
        ...
