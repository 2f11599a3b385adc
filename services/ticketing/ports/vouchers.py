"""Vouchers that were made instead of money: payments has them, and tells their codes when a letter leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.runtime.errors import Retryable
from services.ticketing.domain.sold_order import GivenVoucher


class VoucherNotMade(Retryable):
    """Payments has not made it yet; nothing was done."""


class Vouchers(Protocol):
    """Every look at a code is in the house's act log. Raises NeighbourSilent, VoucherNotMade."""

    async def made_by(
        self, house_id: str, payment_id: str, refund_ids: Sequence[str], *, is_owed: bool
    ) -> tuple[GivenVoucher, ...]:
        """Those that the refunds of a payment have made; none where all went back to vouchers that had paid.

        Where nothing `is_owed` any more, a refund that payments does not know was given back without it.
        """
        ...
