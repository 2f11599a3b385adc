"""The order as state: its parts, what is known of seats and money. Changes only through transitions.apply."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from services.contracts.channels import Channel
from services.contracts.money import amount_text, shared
from services.contracts.prices import ComponentKind
from services.orders.domain.exchanges import Exchange, GivenLines
from services.orders.domain.payment_choice import ANY_WAY, PaymentChoice
from services.orders.domain.refunds import Refund, RefundState, done_minor, due_minor, house_refund_id
from services.orders.domain.uses import CountedUse
from services.runtime.principal import PrincipalRef


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


class SeatStatus(Enum):
    """What this service knows of a part's seats at inventory."""

    HELD = "HELD"  # a hold, as far as anybody knows; no claim was asked for
    ASKED = "ASKED"  # a claim was or will be asked for; it may be in the record, and if not, the hold may still stand
    UNHELD = "UNHELD"  # the hold has gone; a claim that was asked for may be in the record
    CLAIMED = "CLAIMED"
    SOLD = "SOLD"
    FREED = "FREED"  # no claim and no sale of this order is in the record


class PaymentStatus(Enum):
    """What this service knows of the order's money."""

    NONE = "NONE"  # never asked for
    ASKED = "ASKED"  # a payment was or will be asked for; its id is not known
    PENDING = "PENDING"
    CAPTURED = "CAPTURED"
    ENDED = "ENDED"  # proven failed, cancelled or never made
    REFUNDED = "REFUNDED"


class LineStatus(Enum):
    """What has become of a line of a confirmed order by acts of the house; names as in balcon.orders.v1.LineState.

    While all lines of a part are VALID, the order's state and the part's seats say the rest.
    """

    VALID = "VALID"
    CANCELLED = "CANCELLED"  # its ticket lets nobody in; the seat stays sold until somebody puts it back on sale
    RELEASE_DUE = "RELEASE_DUE"  # the seat goes back on sale as soon as inventory says so
    RELEASED = "RELEASED"


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
    INSTRUMENT_LIMIT = "INSTRUMENT_LIMIT"


# In these the order goes on by its hold, or has yet to give it back.
_NEEDS_HOLD = frozenset({OrderState.OPEN, OrderState.CLAIMING, OrderState.CANCELLING})
_HOLDS = frozenset({SeatStatus.HELD, SeatStatus.ASKED})
_DEAD = frozenset({OrderState.CANCELLED, OrderState.REFUNDED})
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


class TicketKind(Enum):
    """What sort of price it was, as the catalogue says; names as in balcon.catalogue.v1.TicketKind."""

    NORMAL = "NORMAL"
    DISCOUNT = "DISCOUNT"
    FREE = "FREE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Vat:
    """The tax contained in a price. An empty class: nobody has said yet which applies."""

    vat_class: str = ""
    rate_basis_points: int = 0
    amount_minor: int = 0


NO_VAT = Vat()


@dataclass(frozen=True, slots=True)
class LineComponent:
    """A part of a line's price, VAT included, and the tax in it."""

    kind: ComponentKind
    amount_minor: int
    vat: Vat = NO_VAT


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """What was taken off a line's price by a discount of the house; whose contingent discount it was (R1.10)."""

    discount_id: str
    amount_minor: int
    office_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One seat, priced. `kind` is None and there are no components on orders from before they were kept.

    The components come to the price. `vat` is the tax in all of it, where it is all of one class.
    """

    seat_id: str
    category: str
    ticket_type: str
    price: Money
    seat_name: SeatName = UNNAMED
    kind: TicketKind | None = None
    vat: Vat = NO_VAT
    components: tuple[LineComponent, ...] = ()
    discount: LineDiscount | None = None
    status: LineStatus = LineStatus.VALID

    @property
    def made_of(self) -> tuple[LineComponent, ...]:
        """The components; all of it is the base where none were kept."""
        return self.components or (LineComponent(ComponentKind.BASE, self.price.amount_minor, self.vat),)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets one person in at one seat. `barcode` cannot be guessed; '' where it was passed on to somebody else."""

    ticket_id: str
    seat_id: str
    barcode: str
    passed_on: bool = False


# In front of a reservation's id where a hold's would be: no id of a hold has such a character.
_RESERVED = "~"


def of_reservation(reservation_id: str) -> str:
    """What an order's part keeps as its hold_id where its seats come from a reservation (R4.8)."""
    return _RESERVED + reservation_id


def reservation_of(hold_id: str) -> str | None:
    """The reservation that a part's hold_id stands for; None: it is a hold."""
    return hold_id.removeprefix(_RESERVED) if hold_id.startswith(_RESERVED) else None


@dataclass(frozen=True, slots=True)
class OrderPart:
    """What an order has of one performance: its lines, the hold they came from, what is known of the seats.

    An order names a performance in one part at most, for inventory knows an order's claim by the order's id.
    """

    performance_id: str
    hold_id: str
    plan_version: int
    lines: tuple[OrderLine, ...]
    hold_until_ms: int
    seats: SeatStatus = SeatStatus.HELD
    tickets: tuple[Ticket, ...] = ()

    @property
    def seat_ids(self) -> tuple[str, ...]:
        """The seats in the order of the lines."""
        return tuple(line.seat_id for line in self.lines)

    @property
    def seat_names(self) -> dict[str, SeatName]:
        """What people call the seats, by seat id."""
        return {line.seat_id: line.seat_name for line in self.lines}

    @property
    def valid_seat_ids(self) -> tuple[str, ...]:
        """Those whose tickets nobody has cancelled."""
        return tuple(line.seat_id for line in self.lines if line.status is LineStatus.VALID)

    @property
    def release_due(self) -> tuple[str, ...]:
        """The seats that are on their way back on sale, one by one."""
        return tuple(line.seat_id for line in self.lines if line.status is LineStatus.RELEASE_DUE)

    @property
    def is_whole(self) -> bool:
        """Whether no line of it was cancelled by itself."""
        return all(line.status is LineStatus.VALID for line in self.lines)

    @property
    def total_minor(self) -> int:
        """What its lines cost."""
        return sum(line.price.amount_minor for line in self.lines)


class Instrument(Enum):
    """With what a buyer pays beside a provider; names as in balcon.payments.v1.Instrument."""

    VOUCHER = "VOUCHER"
    GIFT_CARD = "GIFT_CARD"
    EXCHANGE = "EXCHANGE"  # lines of another order are given for it


@dataclass(frozen=True, slots=True)
class OrderCharge:
    """What one voucher pays of an order, or an exchange: then it is the old order's payment. `tail`: of its code."""

    instrument: Instrument
    voucher_id: str
    tail: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Times are unix milliseconds, 0 where it has not happened. It has one part at least."""

    order_id: str
    house_id: str
    holder_id: str
    channel: Channel
    parts: tuple[OrderPart, ...]
    total: Money
    created_at_ms: int
    state: OrderState = OrderState.OPEN
    payment: PaymentStatus = PaymentStatus.NONE
    pay_until_ms: int = 0
    return_url: str = ""
    payment_id: str = ""
    payment_url: str = ""
    cancel_reason: CancelReason | None = None
    refunds: tuple[Refund, ...] = ()
    dispute: Dispute = Dispute.NONE
    confirmed_at_ms: int = 0
    state_since_ms: int = 0
    uses: tuple[CountedUse, ...] = ()  # what it takes of things that are limited, in all
    # Who buys, by the id that the house's customers have; empty on orders from before it was kept.
    customer_id: str = ""
    # By whose hand it was made; None on orders from before it was kept.
    sold_by: PrincipalRef | None = None

    # What vouchers and gift cards pay of it, as payments told at the check-out; a provider is asked for the rest.
    charges: tuple[OrderCharge, ...] = ()
    pays_by: PaymentChoice = ANY_WAY
    instrument_limits: tuple[tuple[str, int], ...] = ()  # how many tickets of which performance one card may pay for
    # The lines of another order that are given for it, and what of it is given for others.
    exchange: Exchange | None = None
    given: tuple[GivenLines, ...] = ()

    @property
    def to_pay_minor(self) -> int:
        """What vouchers leave for a provider."""
        return self.total.amount_minor - sum(charge.amount_minor for charge in self.charges)

    @property
    def has_its_uses(self) -> bool:
        """Whether its uses count. A payment that comes late takes an order out of CANCELLED, and its uses with it."""
        return self.state not in _DEAD

    @property
    def uses_that_count(self) -> Counter[str]:
        """By what is counted, how many of it the order has; none once it is gone."""
        return Counter({use.counted_id: use.count for use in self.uses} if self.has_its_uses else {})

    def counts_other_uses_than(self, earlier: Order) -> bool:
        """Whether it has other uses now, or more or fewer of them."""
        return self.has_its_uses != earlier.has_its_uses or self.uses != earlier.uses

    @property
    def first(self) -> OrderPart:
        """The part that stands for the order where there is room for one."""
        return self.parts[0]

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """The lines of all parts."""
        return tuple(line for part in self.parts for line in part.lines)

    @property
    def tickets(self) -> tuple[Ticket, ...]:
        """The tickets of all parts."""
        return tuple(ticket for part in self.parts for ticket in part.tickets)

    @property
    def seat_ids(self) -> tuple[str, ...]:
        """The seats in the order of the lines; two performances may have one of the same name each."""
        return tuple(line.seat_id for line in self.lines)

    @property
    def refunded(self) -> Money:
        """What has gone back so far: a part of the total at most, until the order is REFUNDED."""
        return Money(done_minor(self.refunds), self.total.currency)

    @property
    def refunded_by_part(self) -> tuple[int, ...]:
        """What has gone back so far of each part, in minor units; no part's share ever falls."""
        left = [part.total_minor for part in self.parts]
        for refund in self.refunds:
            if refund.state is not RefundState.DONE:
                continue
            if refund.shares:
                taken = [self._taken_of(part, refund) for part in self.parts]
                left = [one - share for one, share in zip(left, taken, strict=True)]
                continue
            named = {line.performance_id for line in refund.lines}
            of_named = [
                minor if part.performance_id in named else 0 for part, minor in zip(self.parts, left, strict=True)
            ]
            first = min(refund.amount_minor, sum(of_named))
            left = [one - share for one, share in zip(left, shared(first, of_named), strict=True)]
            rest = shared(refund.amount_minor - first, left)
            left = [one - share for one, share in zip(left, rest, strict=True)]
        return tuple(part.total_minor - minor for part, minor in zip(self.parts, left, strict=True))

    @staticmethod
    def _taken_of(part: OrderPart, refund: Refund) -> int:
        return sum(one.amount_minor for one in refund.shares if one.performance_id == part.performance_id)

    @property
    def unclaimed_minor(self) -> int:
        """What neither has gone back nor is owed back."""
        return self.total.amount_minor - done_minor(self.refunds) - due_minor(self.refunds)

    @property
    def is_free(self) -> bool:
        """Whether nothing is to be paid."""
        return self.total.amount_minor == 0

    def uses_hold(self, part: OrderPart) -> bool:
        """Whether no other order may be made out of that part's hold."""
        return self.state in _NEEDS_HOLD and part.seats in _HOLDS

    @property
    def payment_key(self) -> str:
        """The idempotency key of its payment: order id and attempt (RULE 24). There is one attempt an order."""
        return f"{self.order_id}-1"

    @property
    def refund_key(self) -> str:
        """The idempotency key of its refund, other than the payment's."""
        return house_refund_id(self.order_id)

    @property
    def tickets_are_valid(self) -> bool:
        """Tickets count only while the order is confirmed; a refund that is due ends them at once."""
        return self.state is OrderState.CONFIRMED
