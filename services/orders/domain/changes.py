"""What has happened to an order. Some changes are published; adapters map those to events.

`part` is a part's place in the order.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.orders.domain.exchanges import ExchangeStatus
from services.orders.domain.order import (
    CancelReason,
    Dispute,
    OrderCharge,
    OrderState,
    PaymentStatus,
    SeatStatus,
    Ticket,
)
from services.orders.domain.payment_choice import ANY_WAY, PaymentChoice
from services.orders.domain.refunds import LineRef, Refund, RefundMaker


@dataclass(frozen=True, slots=True)
class HoldExtended:
    """The open order lives as long as its holds: this part's stands until then."""

    hold_until_ms: int
    part: int = 0


@dataclass(frozen=True, slots=True)
class CheckOutBegan:
    """OPEN -> CLAIMING; from here on a claim may be in inventory's record."""

    pay_until_ms: int
    return_url: str
    at_ms: int
    charges: tuple[OrderCharge, ...] = ()
    pays_by: PaymentChoice = ANY_WAY


@dataclass(frozen=True, slots=True)
class CheckOutTurnedBack:
    """CLAIMING -> OPEN: a hold stands but has other seats. A late copy of a claim may still be on its way."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SeatsChanged:
    """What is known of the seats of a part."""

    seats: SeatStatus
    part: int = 0


@dataclass(frozen=True, slots=True)
class PaymentChanged:
    """What is known of the money; an empty id or url leaves the known one."""

    payment: PaymentStatus
    payment_id: str = ""
    payment_url: str = ""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A step between states that nobody outside hears of: PAYING, PAID."""

    state: OrderState
    at_ms: int


@dataclass(frozen=True, slots=True)
class CancellingBegan:
    """Given up, but the seats go only on proof (RULE 25)."""

    reason: CancelReason
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """Ended without a sale. Published."""

    reason: CancelReason
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    """Sold, all parts of it; a ticket for each line. Published."""

    tickets: tuple[Ticket, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundBecameDue:
    """All the money that is left is owed back; tickets end. Published."""

    reason: CancelReason
    note: str
    at_ms: int
    made_by: RefundMaker = RefundMaker.HOUSE


@dataclass(frozen=True, slots=True)
class LinesCancelled:
    """The tickets of these lines let nobody in any more; the order stays. Published."""

    lines: tuple[LineRef, ...]
    reason: str
    at_ms: int
    # The order that they were exchanged for.
    exchanged_for: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """The seats of these lines are to go back on sale."""

    lines: tuple[LineRef, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class LinesReleased:
    """These seats of a part are on sale again. Published."""

    seat_ids: tuple[str, ...]
    part: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """The house owes a part of the money back; the order stays."""

    refund: Refund


@dataclass(frozen=True, slots=True)
class ExchangeOpened:
    """Lines of this order are about to be given for another order; nobody else has them meanwhile."""

    order_id: str
    lines: tuple[LineRef, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class ExchangeClosed:
    """Told to the old order: what it was to give for that order is given, or free again."""

    order_id: str
    status: ExchangeStatus


@dataclass(frozen=True, slots=True)
class ExchangeSettled:
    """Told to the new order: the lines of the old one have ended for it, or are free again."""

    status: ExchangeStatus


@dataclass(frozen=True, slots=True)
class OrderPartlyRefunded:
    """Part of the money went back: so much more without us, and these of the house's own refunds, by their ids and
    with what each brought. The order stays as it is. Published.
    """

    foreign_minor: int
    at_ms: int
    done: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderDisputeChanged:
    """The dispute over the payment was opened, won or lost. Published."""

    dispute: Dispute
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderRefunded:
    """All of the money is back. Published."""

    at_ms: int


Change = (
    HoldExtended
    | CheckOutBegan
    | CheckOutTurnedBack
    | SeatsChanged
    | PaymentChanged
    | StateChanged
    | CancellingBegan
    | OrderCancelled
    | OrderConfirmed
    | RefundBecameDue
    | LinesCancelled
    | ReleaseAsked
    | LinesReleased
    | RefundAsked
    | ExchangeOpened
    | ExchangeClosed
    | ExchangeSettled
    | OrderPartlyRefunded
    | OrderDisputeChanged
    | OrderRefunded
)
