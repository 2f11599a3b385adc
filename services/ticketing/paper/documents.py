"""What the papers tell, as plain values: no ids of services, no wire types, times as Unix milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Performance:
    """What is shown, when and where. `doors_at_ms` None: nobody said when the doors open."""

    title: str
    starts_at_ms: int
    hall: str
    subtitle: str = ""
    doors_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What people read to find a seat. A place of a standing area has neither row nor seat."""

    zone: str
    row: str = ""
    seat: str = ""


class TicketOrigin(Enum):
    """What a ticket's `origin_number` numbers."""

    ORDER = "order"
    ALLOTMENT = "allotment"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One seat's ticket. `qr_text` is what scanners read, `code` what people read out (both may be the same).

    `price_minor` None: the office sells it and reports the price. `name`: whom it was issued to; empty on an office's.
    """

    code: str
    qr_text: str
    performance: Performance
    place: Place
    ticket_type: str
    price_minor: int | None
    origin: TicketOrigin
    origin_number: str
    conditions: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """Whoever gets seats to sell outside the system."""

    name: str
    address_lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Its name and address on lines of their own."""
        return "\n".join((self.name, *self.address_lines))


class DeliveryKind(Enum):
    """How the office has its seats (R1.7-R1.9)."""

    HARD = "hard"
    DIGITAL_HARD = "digital_hard"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Reservation:
    """The facts of an allotment that stand on paper. `return_due_at_ms` None: unsold seats go back by hand only."""

    allotment_number: str
    kind: DeliveryKind
    made_at_ms: int
    return_due_at_ms: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DeliveredSeat:
    """One seat on a delivery note, with the code of its ticket. `price_minor` None: the office sets it.

    `code` is for machines and stands in the CSV; `code_text` is what people compare, in print. Empty: the code.
    """

    place: Place
    category: str
    ticket_type: str
    price_minor: int | None
    code: str
    code_text: str = ""


@dataclass(frozen=True, slots=True)
class PriceRule:
    """For what the office may sell: of a category, a ticket type and its price, VAT included."""

    category: str
    ticket_type: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class DeliveryNote:
    """What goes with the tickets (R1.13). Seats in the plan's order."""

    number: str
    issued_at_ms: int
    office: Office
    performance: Performance
    reservation: Reservation
    seats: tuple[DeliveredSeat, ...]
    price_rules: tuple[PriceRule, ...] = ()
    conditions: str = ""


@dataclass(frozen=True, slots=True)
class DrawnSeat:
    """A seat where the plan draws it, in the plan's pixels, y downwards. `label` is the seat's number."""

    x: float
    y: float
    label: str
    zone: str = ""
    row: str = ""
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class HallPlan:
    """A hall with the seats of one allotment marked. `focal_point` is where people look; None: the upper edge."""

    performance: Performance
    office: Office
    allotment_number: str
    seats: tuple[DrawnSeat, ...]
    focal_point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """Seats of one price category of an allotment; `amount_minor` is what the reported ones bring, VAT included.

    handed_out = reported_sold + returned + open, or nothing is rendered. `price_minor` None: of several prices.
    """

    category: str
    handed_out: int
    reported_sold: int
    returned: int
    open: int
    amount_minor: int
    price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class DiscountSales:
    """Tickets sold in our own system with a contingent discount of the office (R1.10): sales, not seats handed out."""

    discount: str
    tickets: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AllotmentStatement:
    """What became of one allotment. Final once it is closed (R1.12)."""

    number: str
    issued_at_ms: int
    office: Office
    performance: Performance
    reservation: Reservation
    is_final: bool
    lines: tuple[StatementLine, ...]
    discount_sales: tuple[DiscountSales, ...] = ()


@dataclass(frozen=True, slots=True)
class AllotmentSummary:
    """One allotment in its office's statement: the sums of its lines."""

    performance: Performance
    allotment_number: str
    is_final: bool
    handed_out: int
    reported_sold: int
    returned: int
    open: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OfficeStatement:
    """What became of all that one office was given in a time. Final once every allotment is."""

    number: str
    issued_at_ms: int
    office: Office
    from_ms: int
    until_ms: int
    allotments: tuple[AllotmentSummary, ...]
    discount_sales: tuple[DiscountSales, ...] = ()
