"""What a performance has sold, as a settlement needs it: lines of tickets, each with its money by component and tax."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from services.contracts.prices import RECETTE, ComponentKind
from services.reporting.domain.deal import Basis


class Seller(Enum):
    """Who sold it. Values are what stores keep."""

    # Our own sale; with an office only where its contingent discount was used (R1.10).
    HOUSE = "house"
    # An office, out of its allotment: counted from what it reported, and priced from the performance's prices.
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Amount:
    """Money of one component under one tax: VAT included, and the VAT in it. What went back is no more in it."""

    component: ComponentKind
    vat_class: str
    rate_basis_points: int
    gross_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class SoldLine:
    """Tickets that are sold and not back, of one sort. `kind`: normal, discount, free or other (R0.2)."""

    seller: Seller
    category: str
    kind: str
    ticket_type: str
    discount_id: str
    office_id: str
    tickets: int
    amounts: tuple[Amount, ...]

    @property
    def gross_minor(self) -> int:
        """All of it, VAT included."""
        return sum(one.gross_minor for one in self.amounts)

    @property
    def is_comp(self) -> bool:
        """A free ticket."""
        return self.kind == FREE

    @property
    def key(self) -> tuple[str, ...]:
        """What tells lines apart, and their order."""
        return (self.seller.value, self.category, self.kind, self.ticket_type, self.discount_id, self.office_id)


FREE = "free"


@dataclass(frozen=True, slots=True)
class OfficeCount:
    """What became of one allotment: handed_out = reported_sold + returned + open, always (R1)."""

    allotment_id: str
    office_id: str
    handed_out: int
    reported_sold: int
    returned: int
    open: int
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Sales:
    """Everything that was sold for a performance; and what had been sold and is back, which is in no line."""

    currency: str
    lines: tuple[SoldLine, ...]
    offices: tuple[OfficeCount, ...] = ()
    tickets_back: int = 0
    back_minor: int = 0

    @property
    def tickets(self) -> int:
        """Sold and not back, comps included."""
        return sum(line.tickets for line in self.lines)

    @property
    def comps(self) -> int:
        """Those of them that are free."""
        return sum(line.tickets for line in self.lines if line.is_comp)

    @property
    def amounts(self) -> list[Amount]:
        """Those of all lines, by component and tax, each once."""
        return summed(one for line in self.lines for one in line.amounts)


def summed(amounts: Iterable[Amount]) -> list[Amount]:
    """One for each component and tax, in the order of components, then of taxes."""
    sums: dict[tuple[ComponentKind, str, int], tuple[int, int]] = {}
    for one in amounts:
        key = one.component, one.vat_class, one.rate_basis_points
        gross, vat = sums.get(key, (0, 0))
        sums[key] = gross + one.gross_minor, vat + one.vat_minor
    order = list(ComponentKind)
    return [Amount(*key, *sums[key]) for key in sorted(sums, key=lambda key: (order.index(key[0]), *key[1:]))]


def is_in(component: ComponentKind, basis: Basis) -> bool:
    """Whether a percentage of that basis counts the component."""
    return component in RECETTE and (basis.with_surcharge or component is not ComponentKind.THEATRE_SURCHARGE)


def basis_minor(amounts: Iterable[Amount], basis: Basis) -> int:
    """What a basis comes to."""
    counted = [one for one in amounts if is_in(one.component, basis)]
    return sum(one.gross_minor - (one.vat_minor if basis.net_of_vat else 0) for one in counted)
