"""Ids for vouchers that a refund may have to make, chosen before its payment is locked."""

from __future__ import annotations

from collections.abc import Mapping

from services.payments.domain.charges import InstrumentKind
from services.payments.domain.payment import Payment
from services.payments.domain.refunds import RefundRoute
from services.payments.ports.voucher_store import VoucherStore
from services.runtime.clock import Clock
from services.runtime.ids import Ids


class NewVouchers:
    """Stateless."""

    def __init__(self, vouchers: VoucherStore, clock: Clock, ids: Ids) -> None:
        self._vouchers = vouchers
        self._clock = clock
        self._ids = ids

    async def of(self, payment: Payment | None, route: RefundRoute = RefundRoute.ORIGINAL) -> Mapping[str, str]:
        """By the voucher that takes nothing any more, "" for one instead of money."""
        new = {"": self._new()} if route is RefundRoute.VOUCHER else {}
        if payment is None or not payment.charges:
            return new
        charged = [one.voucher_id for one in payment.charges if one.instrument is not InstrumentKind.EXCHANGE]
        if route is RefundRoute.VOUCHER and payment.exchanged_from:
            new[payment.exchanged_from] = self._new()
        found = await self._vouchers.find(payment.house_id, charged)
        now_ms = self._clock.now_ms()
        return new | {one: self._new() for one in charged if one not in found or not found[one].takes(now_ms)}

    def _new(self) -> str:
        return self._ids.new_id("vch")
