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
    """A refund as payments tells it."""

    key: str
    amount_minor: int
    status: RefundStatus
    left_minor: int = 0


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


@dataclass(frozen=True, slots=True)
class WayToPay:
    """One way to pay at an account, as its provider offers it for an amount; limits of 0 are none."""

    method: str
    name: str
    least_minor: int = 0
    most_minor: int = 0


class PayingState(Enum):
    """Whether buyers can pay at an account now."""

    OPEN = "OPEN"
    LOCKED = "LOCKED"
    SILENT = "SILENT"


@dataclass(frozen=True, slots=True)
class PayingAccount:
    """An account of the house with what can be paid there. `ways` None: its provider did not answer."""

    account_id: str
    provider: str
    name: str
    is_default: bool = True
    state: PayingState = PayingState.OPEN
    ways: tuple[WayToPay, ...] | None = None

    @property
    def is_locked(self) -> bool:
        """Its provider refuses its key."""
        return self.state is PayingState.LOCKED

    @property
    def is_silent(self) -> bool:
        """Its provider has not answered for a while."""
        return self.state is PayingState.SILENT


class WaysToPay(Protocol):
    """Where and how an amount can be paid at a house."""

    async def accounts(
        self, house_id: str, currency: str, amount_minor: int, language: str
    ) -> tuple[PayingAccount, ...]:
        """The default first; none where the house has no account. Raises Unanswered."""
        ...


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
