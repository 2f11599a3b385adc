"""What may be said to an order: commands of people, and reports of what other services answered.

`part` is a part's place in the order; where it is missing the whole order is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.contracts.prices import ComponentKind
from services.orders.domain.exchanges import ExchangeStatus, ExchangeTerms
from services.orders.domain.order import Dispute, Money, OrderCharge, Ticket
from services.orders.domain.payment_choice import ANY_WAY, PaymentChoice
from services.orders.domain.refunds import LineRef, RefundRoute


@dataclass(frozen=True, slots=True)
class CheckOut:
    """The buyer goes to pay what was shown."""

    expected_total: Money
    return_url: str
    pay_until_ms: int
    charges: tuple[OrderCharge, ...] = ()
    pays_by: PaymentChoice = ANY_WAY


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """The buyer or the house gives an unpaid order up."""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """The house gives the money of a confirmed order back."""

    reason: str


@dataclass(frozen=True, slots=True)
class RefundTerms:
    """How much goes back, and where to. `amount_minor` None: what the lines cost, without the kinds of components in
    `keep`, and for each line less the fee and the share of that.
    """

    amount_minor: int | None = None
    keep: frozenset[ComponentKind] = frozenset()
    fee_minor: int = 0
    route: RefundRoute = RefundRoute.ORIGIN
    keep_basis_points: int = 0


@dataclass(frozen=True, slots=True)
class ActOnLines:
    """The house cancels tickets, gives money back, puts seats back on sale: any of these, of some lines.

    No lines: those of the performance; no performance: all. `only_valid`: of these, whose tickets still let in.
    What has an `act_id` is done once an order.
    """

    lines: tuple[LineRef, ...] = ()
    performance_id: str = ""
    cancel: bool = False
    release: bool = False
    refund: RefundTerms | None = None
    reason: str = ""
    only_valid: bool = False
    act_id: str = ""


@dataclass(frozen=True, slots=True)
class OpenExchange:
    """The order `order_id` is checked out: its lines are this order's, given for it on those terms."""

    order_id: str
    lines: tuple[LineRef, ...]
    value_minor: int
    terms: ExchangeTerms


@dataclass(frozen=True, slots=True)
class EndExchange:
    """The order `order_id` has its tickets: the lines given for it end. It took `pays_minor` of what they are worth."""

    order_id: str
    lines: tuple[LineRef, ...]
    pays_minor: int
    terms: ExchangeTerms


@dataclass(frozen=True, slots=True)
class FreeExchange:
    """The order `order_id` will never have tickets: its exchange is over, whether it was opened here or not."""

    order_id: str


@dataclass(frozen=True, slots=True)
class ExchangeEnded:
    """Told to the new order: how its exchange has ended at the old one."""

    status: ExchangeStatus


@dataclass(frozen=True, slots=True)
class ExchangeLost:
    """Told to the new order: the lines that were to be given for it were gone, with their money, before it had them."""


ExchangeCommand = OpenExchange | EndExchange | FreeExchange | ExchangeEnded | ExchangeLost


@dataclass(frozen=True, slots=True)
class GiveUpUnpaid:
    """The time to pay is over (R2.7)."""


@dataclass(frozen=True, slots=True)
class HoldSeen:
    """The part's hold still stands, until then."""

    hold_until_ms: int
    part: int = 0


@dataclass(frozen=True, slots=True)
class HoldGone:
    """A hold of an open order has ended."""

    part: int = 0


@dataclass(frozen=True, slots=True)
class HoldLetGo:
    """The part's hold keeps its seats no longer: given back, ended, spent, or moved to other seats."""

    part: int = 0


@dataclass(frozen=True, slots=True)
class SeatsClaimed:
    """The claim on the part's seats is in the record."""

    part: int = 0


class NoClaim(Enum):
    """Why a claim was refused."""

    HOLD_MOVED = "HOLD_MOVED"  # it stands, with other seats than the order's
    HOLD_ENDED = "HOLD_ENDED"
    SEATS_GONE = "SEATS_GONE"


@dataclass(frozen=True, slots=True)
class ClaimRefused:
    """There is no claim for this part and, as it was asked for, there will be none."""

    why: NoClaim = NoClaim.SEATS_GONE
    part: int = 0


@dataclass(frozen=True, slots=True)
class ClaimMissing:
    """The claim that was to be confirmed is not in the record."""

    part: int = 0


@dataclass(frozen=True, slots=True)
class SaleConfirmed:
    """The part's seats are sold to this order. `tickets`: one for each line of the order, freshly minted."""

    tickets: tuple[Ticket, ...]
    part: int = 0


@dataclass(frozen=True, slots=True)
class SeatsFreed:
    """Inventory has taken claim or sale of this part out of the record."""

    part: int = 0


@dataclass(frozen=True, slots=True)
class SeatsReleased:
    """Inventory has taken these seats out of the part's sale."""

    seat_ids: tuple[str, ...]
    part: int = 0


@dataclass(frozen=True, slots=True)
class PaymentRefused:
    """Payments never made the payment that was asked for."""


@dataclass(frozen=True, slots=True)
class PaymentPending:
    """The payment exists; nobody knows yet how it ends."""

    payment_id: str
    payment_url: str


@dataclass(frozen=True, slots=True)
class PaymentSucceeded:
    """Proof of payment. `over_limit`: its card has paid for as many tickets as the house allows."""

    payment_id: str
    over_limit: bool = False


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """Proof that no money will come: the provider declined."""

    payment_id: str
    over_limit: bool = False


@dataclass(frozen=True, slots=True)
class PaymentCancelled:
    """Proof that no money will come: cancelled or run out at the provider."""

    payment_id: str
    over_limit: bool = False


@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """Proof that the money went back, all of it, whoever gave it."""

    payment_id: str


@dataclass(frozen=True, slots=True)
class OwnRefund:
    """A refund that the house asked for: so much of it is back by now, and whether that is all."""

    refund_id: str
    back_minor: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class PaymentPartlyRefunded:
    """Proof that so much of the money has gone back in all. `ours`: what of it the house's own refunds brought; None:
    the teller keeps them not apart.
    """

    payment_id: str
    refunded_minor: int
    ours: tuple[OwnRefund, ...] | None = None


@dataclass(frozen=True, slots=True)
class OwnRefundDone:
    """Proof that one refund of the house's own is back. `refunded_minor`: all that is, by then, by any hand."""

    payment_id: str
    refund_id: str
    amount_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class PaymentDisputeChanged:
    """The buyer's bank has opened or decided a dispute. No money has moved by that alone."""

    payment_id: str
    dispute: Dispute


PaymentReport = (
    PaymentPending
    | PaymentSucceeded
    | PaymentFailed
    | PaymentCancelled
    | PaymentRefunded
    | PaymentPartlyRefunded
    | OwnRefundDone
    | PaymentDisputeChanged
)
Command = (
    CheckOut
    | CancelOrder
    | RefundOrder
    | ActOnLines
    | ExchangeCommand
    | GiveUpUnpaid
    | HoldSeen
    | HoldGone
    | HoldLetGo
    | SeatsClaimed
    | ClaimRefused
    | ClaimMissing
    | SaleConfirmed
    | SeatsFreed
    | SeatsReleased
    | PaymentRefused
    | PaymentReport
)
