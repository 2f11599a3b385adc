"""The Vouchers' twin in memory: codes and what is on them."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.reasons import Reason
from services.orders.domain.order import Instrument, Order, OrderCharge
from services.orders.ports import Declined


class MemoryVouchers:
    """See Vouchers. `balances`: by code; a voucher's id is `vch_` and its code."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}

    async def check(self, order: Order, codes: Sequence[str]) -> tuple[OrderCharge, ...] | Declined:
        left_minor, charges = order.to_pay_minor, list[OrderCharge]()
        for place, code in enumerate(codes):
            balance_minor = self.balances.get(code)
            if not balance_minor:
                reason = Reason.VOUCHER_UNKNOWN if balance_minor is None else Reason.VOUCHER_SPENT
                return Declined(reason, {"place": f"codes[{place}]", "tail": code[-4:]})
            minor = min(balance_minor, left_minor)
            if minor:
                charges.append(OrderCharge(Instrument.VOUCHER, f"vch_{code}", code[-4:], minor))
            left_minor -= minor
        return tuple(charges)

    def take(self, charges: Sequence[OrderCharge]) -> bool:
        """All or nothing, as the payment is made; False: somebody else was faster."""
        if any(self.balances.get(_code(one), 0) < one.amount_minor for one in _vouchers(charges)):
            return False
        for one in _vouchers(charges):
            self.balances[_code(one)] -= one.amount_minor
        return True

    def give_back(self, charges: Sequence[OrderCharge]) -> None:
        """The payment has ended without money."""
        for one in _vouchers(charges):
            self.balances[_code(one)] += one.amount_minor


def _vouchers(charges: Sequence[OrderCharge]) -> list[OrderCharge]:
    return [one for one in charges if one.instrument is not Instrument.EXCHANGE]


def _code(charge: OrderCharge) -> str:
    return charge.voucher_id.removeprefix("vch_")
