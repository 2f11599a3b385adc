"""Where and how a buyer wants to pay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """Empty: as the house has decided, and as the provider's page offers."""

    account_id: str = ""
    method: str = ""

    @property
    def as_text(self) -> str:
        """As rows keep it: neither half has a colon."""
        return f"{self.account_id}:{self.method}" if self.account_id or self.method else ""


ANY_WAY = PaymentChoice()


def choice_of(text: str) -> PaymentChoice:
    """What PaymentChoice.as_text wrote."""
    return PaymentChoice(*text.split(":")) if text else ANY_WAY
