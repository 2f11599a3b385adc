"""The order as state: what was asked, what is known of its seats and money. Changes only through transitions.apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.contracts.channels import Channel
from services.contracts.money import amount_text


class OrderState(Enum):
    """Names as in balcon.orders.v1.OrderState."""

    OPEN = "OPEN"
    CLAIMING = "CLAIMING"
    PAYING = "PAYING"
    PAID = "PAID"
    CONFIRMED = "CONFIRMED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    REFUND_DUE = "REFUND_DUE"
    REFUNDED = "REFUNDED"


class Seats(Enum):
    """What this service knows of the order's seats at inventory."""

    HELD = "HELD"  # a hold, as far as anybody knows; no claim was asked for
    ASKED = "ASKED"  # a claim was or will be asked for; it may be in the record, and if not, the hold may still stand
    UNHELD = "UNHELD"  # the hold has gone; a claim that was asked for may be in the record
    CLAIMED = "CLAIMED"
    SOLD = "SOLD"
    FREED = "FREED"  # no claim and no sale of this order is in the record


class Payment(Enum):
    """What this service knows of the order's money."""

    NONE = "NONE"  # never asked for
    ASKED = "ASKED"  # a payment was or will be asked for; its id is not known
    PENDING = "PENDING"
    CAPTURED = "CAPTURED"
    ENDED = "ENDED"  # proven failed, cancelled or never made
    REFUNDED = "REFUNDED"


class Dispute(Enum):
    """The buyer's dispute with the bank over the payment, as payments tells it."""

    NONE = "NONE"
    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


class CancelReason(Enum):
    """Names as in balcon.orders.v1.CancelReason."""

    BUYER = "BUYER"
    UNPAID = "UNPAID"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    SEATS_GONE = "SEATS_GONE"
    HOUSE = "HOUSE"


# In these the order goes on by its hold, or has yet to give it back.
_NEEDS_HOLD = frozenset({OrderState.OPEN, OrderState.CLAIMING, OrderState.CANCELLING})
FINAL_STATES = frozenset({OrderState.CONFIRMED, OrderState.CANCELLED, OrderState.REFUNDED})


@dataclass(frozen=True, slots=True)
class Money:
    """Whole minor units of an ISO 4217 currency."""

    amount_minor: int
    currency: str

    def __str__(self) -> str:
        return amount_text(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class SeatName:
    """A seat as people read it, empty on orders from before it was kept. `row` is empty in a standing area."""

    zone: str = ""
    row: str = ""
    seat: str = ""


UNNAMED = SeatName()


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One seat, priced."""

    seat_id: str
    category: str
    ticket_type: str
    price: Money
    seat_name: SeatName = UNNAMED


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets one person in at one seat. `barcode` cannot be guessed."""

    ticket_id: str
    seat_id: str
    barcode: str


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Times are unix milliseconds, 0 where it has not happened.

    `refunded_minor` is what has gone back of the total in all: a part at most, until the order is REFUNDED.
    """

    order_id: str
    house_id: str
    performance_id: str
    hold_id: str
    holder_id: str
    channel: Channel
    plan_version: int
    lines: tuple[OrderLine, ...]
    total: Money
    created_at_ms: int
    hold_until_ms: int
    state: OrderState = OrderState.OPEN
    seats: Seats = Seats.HELD
    payment: Payment = Payment.NONE
    pay_until_ms: int = 0
    return_url: str = ""
    payment_id: str = ""
    payment_url: str = ""
    cancel_reason: CancelReason | None = None
    refund_reason: str = ""
    refunded_minor: int = 0
    dispute: Dispute = Dispute.NONE
    confirmed_at_ms: int = 0
    state_since_ms: int = 0
    tickets: tuple[Ticket, ...] = ()

    @property
    def seat_ids(self) -> tuple[str, ...]:
        """The seats in the order of the lines."""
        return tuple(line.seat_id for line in self.lines)

    @property
    def refunded(self) -> Money:
        """What has gone back so far."""
        return Money(self.refunded_minor, self.total.currency)

    @property
    def seat_names(self) -> dict[str, SeatName]:
        """What people call the seats, by seat id."""
        return {line.seat_id: line.seat_name for line in self.lines}

    @property
    def is_free(self) -> bool:
        """Whether nothing is to be paid."""
        return self.total.amount_minor == 0

    @property
    def uses_hold(self) -> bool:
        """Whether no other order may be made out of its hold."""
        return self.state in _NEEDS_HOLD and self.seats in {Seats.HELD, Seats.ASKED}

    @property
    def payment_key(self) -> str:
        """The idempotency key of its payment: order id and attempt (RULE 24). There is one attempt an order."""
        return f"{self.order_id}-1"

    @property
    def refund_key(self) -> str:
        """The idempotency key of its refund, other than the payment's."""
        return f"{self.order_id}-refund"

    @property
    def tickets_are_valid(self) -> bool:
        """Tickets count only while the order is confirmed; a refund that is due ends them at once."""
        return self.state is OrderState.CONFIRMED
