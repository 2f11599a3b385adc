"""Why a buyer cannot pay where, or as, was asked. Payments says it, orders says it before anything is claimed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from services.runtime.errors import FieldInvalid, Kind, Refusal

_METHOD: Final = re.compile(r"[a-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True)
class ProviderAccountMissing(Refusal):
    """The house has no account with a payment provider for payments in {currency}: it makes or names one first."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    currency: str


@dataclass(frozen=True, slots=True)
class ProviderAccountLocked(Refusal):
    """The payment provider refuses the key of the house's account {name}: give it another, or check it again."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    name: str


@dataclass(frozen=True, slots=True)
class ProviderSilent(Refusal):
    """{provider} does not answer now: {note}. Nothing was changed; try again after a moment."""

    kind: ClassVar[Kind] = Kind.UNDER_WAY
    retry_after_ms: ClassVar[int] = 10_000
    provider: str
    note: str


@dataclass(frozen=True, slots=True)
class PaymentMethodNotOffered(Refusal):
    """{amount} cannot be paid by {method} at {account}. What takes it there: {offered}."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    amount: str
    method: str
    account: str
    offered: str


def refused_method(field: str, method: str) -> FieldInvalid | None:
    """The refusal for what can be no provider's word for a way to pay, else None; no choice at all is one."""
    if not method or _METHOD.fullmatch(method):
        return None
    return FieldInvalid(field, "has not the form of a method", "as ListPaymentMethods tells it")
