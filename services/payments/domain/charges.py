"""What a payment is paid with: an exchange and vouchers first, a provider for the rest; what goes back to which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class InstrumentKind(Enum):
    """With what money comes (R5.8)."""

    PROVIDER = "PROVIDER"
    VOUCHER = "VOUCHER"
    GIFT_CARD = "GIFT_CARD"
    EXCHANGE = "EXCHANGE"  # another payment of the house, whose order is exchanged


@dataclass(frozen=True, slots=True)
class Charge:
    """What one voucher or gift card pays of a payment. `tail` is all that is ever shown of its code.

    Of an exchange `voucher_id` is the payment that gives it.
    """

    instrument: InstrumentKind
    voucher_id: str
    tail: str
    amount_minor: int


def shared_back(amount_minor: int, left_minor: Sequence[int]) -> list[int]:
    """How much of `amount_minor` goes back to each charge, of which so much has not gone back: the last charge first.

    What came last was the dearest to give: bank money before vouchers. Sums match to the minor unit without rounding,
    and no instrument gets more than it gave.
    """
    shares = [0] * len(left_minor)
    for place in reversed(range(len(left_minor))):
        shares[place] = min(amount_minor, left_minor[place])
        amount_minor -= shares[place]
    assert amount_minor == 0, "more is to go back than is left"
    return shares
