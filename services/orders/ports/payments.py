"""Payments and refunds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.orders.domain.order import Order
from services.orders.ports.answer import Declined


class PaymentState(Enum):
    """What payments knows. CREATING and PENDING both mean: not known yet."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as payments tells it."""

    payment_id: str
    status: PaymentState
    payment_url: str = ""
    refunded: bool = False


class Payments(Protocol):
    """Payments and refunds. Every call may be repeated. Raises Unanswered."""

    async def create(self, order: Order) -> PaymentSeen | Declined:
        """Creates the order's payment under order.payment_key, or tells the one there is."""
        ...

    async def look(self, order: Order) -> PaymentSeen | Declined:
        """The payment as it stands."""
        ...

    async def cancel(self, order: Order) -> PaymentSeen | Declined:
        """Asks for its end and tells what is known then."""
        ...

    async def refund(self, order: Order) -> PaymentSeen | Declined:
        """Asks for the money's return under order.refund_key and tells what is known then."""
        ...
