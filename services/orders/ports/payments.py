"""Payments and refunds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from services.contracts.reasons import Reason
from services.orders.domain.order import Order
from services.orders.ports.answer import Declined

# Proof that Payments.create made nothing and, repeated, will make nothing.
NEVER_MADE: Final = frozenset({Reason.FIELD_INVALID, Reason.PROVIDER_ACCOUNT_LOCKED, Reason.PROVIDER_ACCOUNT_MISSING})


class PaymentState(Enum):
    """What payments knows. CREATING and PENDING both mean: not known yet."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class RefundStatus(Enum):
    """How far payments is with a refund that it was asked for."""

    DUE = "DUE"
    STUCK = "STUCK"  # the provider has refused too often; people must act
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """A refund that payments is asked for. No amount: all that is left. `as_voucher`: of the house instead of money.

    `to_payment_id`: it pays that payment, which names this one as what it is paid with. `nothing_taken`: what another
    payment was to give stays there, for nobody has taken it. `seats_back`: how many tickets of a performance have
    ended with it.
    """

    key: str
    amount_minor: int | None = None
    as_voucher: bool = False
    to_payment_id: str = ""
    nothing_taken: bool = False
    seats_back: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """A refund as payments tells it. `refused_for`: the provider's last word, where it has refused."""

    key: str
    amount_minor: int
    status: RefundStatus
    left_minor: int = 0
    # The provider has taken it on: it ends by itself, in days.
    is_on_its_way: bool = False
    refused_for: str = ""


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as payments tells it. `refunded`: the whole is back; `refunded_minor`: so much of it, by any hand.

    `is_over_limit`: its card has paid for as many tickets as the house allows.
    """

    payment_id: str
    status: PaymentState
    payment_url: str = ""
    refunded: bool = False
    refunded_minor: int = 0
    refunds: tuple[RefundSeen, ...] = ()
    is_over_limit: bool = False


class Payments(Protocol):
    """Payments and refunds. Every call may be repeated. Raises Unanswered."""

    async def create(self, order: Order) -> PaymentSeen | Declined:
        """Creates the order's payment under order.payment_key, or tells the one there is. Declined: NEVER_MADE."""
        ...

    async def look(self, order: Order) -> PaymentSeen | Declined:
        """The payment as it stands."""
        ...

    async def cancel(self, order: Order) -> PaymentSeen | Declined:
        """Asks for its end and tells what is known then."""
        ...

    async def refund(self, order: Order, asked: RefundAsked) -> PaymentSeen | Declined:
        """Asks for money's return under that key and tells what is known then. Declined: REFUND_EXCEEDS_LEFT."""
        ...
