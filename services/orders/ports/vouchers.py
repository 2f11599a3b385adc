"""What codes of vouchers would pay of an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.orders.domain.order import Order, OrderCharge
from services.orders.ports.answer import Declined


class Vouchers(Protocol):
    """Asks only: nothing is taken before the payment is made."""

    async def check(self, order: Order, codes: Sequence[str]) -> tuple[OrderCharge, ...] | Declined:
        """What each pays, in the order given. Declined: a reason of CODE_REASONS. Raises Unanswered."""
        ...
