"""Whether a buyer can pay so much where, and as, they want: said before anything is claimed or charged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.money import amount_text
from services.contracts.payment_refusals import (
    PaymentMethodNotOffered,
    ProviderAccountLocked,
    ProviderAccountMissing,
    ProviderSilent,
)
from services.orders.domain.order import Money
from services.orders.domain.payment_choice import PaymentChoice
from services.runtime.errors import Refusal


class Way(Protocol):
    """One way to pay at an account."""

    @property
    def method(self) -> str:
        """The provider's word."""
        ...


class Account(Protocol):
    """An account of the house, as payments tells it."""

    @property
    def account_id(self) -> str:
        """Its id, "" of the deployment's own."""
        ...

    @property
    def name(self) -> str:
        """What people of the house call it."""
        ...

    @property
    def provider(self) -> str:
        """The kind."""
        ...

    @property
    def is_default(self) -> bool:
        """Where a buyer pays who chooses nothing."""
        ...

    @property
    def is_locked(self) -> bool:
        """Its provider refuses its key."""
        ...

    @property
    def is_silent(self) -> bool:
        """Its provider has not answered for a while."""
        ...

    @property
    def ways(self) -> Sequence[Way] | None:
        """What takes the amount there; None: nobody knows."""
        ...


def refused_payment(accounts: Sequence[Account], choice: PaymentChoice, amount: Money) -> Refusal | None:
    """Why so much cannot be paid so, else None. What nobody knows is no reason: the provider will say."""
    account = next(
        (one for one in accounts if (one.account_id == choice.account_id if choice.account_id else one.is_default)),
        None,
    )
    if account is None:
        return ProviderAccountMissing(amount.currency)
    if account.is_locked:
        return ProviderAccountLocked(account.name)
    if account.is_silent or (account.ways is None and choice.method):
        return ProviderSilent(account.provider, "it tells no ways to pay")
    if account.ways is None:
        return None
    offered = [one.method for one in account.ways]
    if choice.method in offered or (offered and not choice.method):
        return None
    return PaymentMethodNotOffered(
        amount_text(amount.amount_minor, amount.currency),
        choice.method or "any method",
        account.name or account.provider,
        ", ".join(offered) or "nothing",
    )
