"""What a house and a producer have agreed on: what is shared, what comes off before, and how the rest is split (R3.21).

Money is whole minor units, shares are basis points. Percentages are always of a basis, never of what another line left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from services.contracts.prices import WHOLE_BASIS_POINTS, VatRounding

MAX_DEDUCTIONS = 20
MAX_TIERS = 10


@dataclass(frozen=True, slots=True)
class Basis:
    """Of which revenue a percentage is: the base price always; fees never, they are the house's own (R0.13)."""

    with_surcharge: bool = True
    # Without the tax that the tickets contain.
    net_of_vat: bool = True


class DeductionKind(Enum):
    """Why something comes off before the split. Values are what stores keep."""

    # For whoever wrote it.
    ROYALTY = "royalty"
    # Copyright societies and the like: Buma, GEMA, TONO.
    LEVY = "levy"
    # Fixed costs: technicians, piano tuner, advertising.
    COST = "cost"


class Payee(Enum):
    """Who gets a deduction. Values are what stores keep."""

    HOUSE = "house"
    PRODUCER = "producer"
    # Neither of the two: a society, an author.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Deduction:
    """A percentage of its own basis, or, where that is 0, a fixed amount."""

    kind: DeductionKind
    name: str
    payee: Payee
    basis_points: int = 0
    amount_minor: int = 0
    basis: Basis = field(default_factory=Basis)


@dataclass(frozen=True, slots=True)
class Tier:
    """The producer's share of what is shared beyond `from_minor`, up to where the next tier begins."""

    from_minor: int
    producer_basis_points: int


@dataclass(frozen=True, slots=True)
class Partage:
    """A split by percentage. The producer gets `guarantee_minor` at least; what is missing, the house bears.

    Tiers rise; what is below the first is all the house's. A guarantee alone, or royalties alone, have no tiers.
    """

    tiers: tuple[Tier, ...] = ()
    guarantee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Deal:
    """How a performance's revenue is settled.

    `buy_out_minor`: a fixed sum for the producer, whatever comes in, in place of the partage; 0: there is none.
    `invoice_vat_basis_points`: the tax on the producer's invoice. It comes on top of what the producer gets where the
    basis is net of VAT, and is contained in it where the basis has VAT in it.
    """

    producer: str
    basis: Basis
    deductions: tuple[Deduction, ...]
    partage: Partage = field(default_factory=Partage)
    buy_out_minor: int = 0
    invoice_vat_basis_points: int = 0
    note: str = ""
    # Of its amounts; empty where it has none.
    currency: str = ""


@dataclass(frozen=True, slots=True)
class DealFault:
    """What is wrong with a deal as a whole: the field as the API has it, what of it, and what it may be."""

    field: str
    problem: str
    limit: str


def faults_of(deal: Deal) -> Iterator[DealFault]:
    """All rules that a deal breaks which none of its fields breaks by itself."""
    percent = sum(one.basis_points for one in deal.deductions)
    if percent > WHOLE_BASIS_POINTS:
        problem = f"take {percent:,} basis points together"
        yield DealFault("percentages", problem, f"{WHOLE_BASIS_POINTS:,} basis points at most")
    for field_name, is_percent in (("percentages", True), ("amounts", False)):
        names = [one.name.casefold() for one in deal.deductions if bool(one.basis_points) is is_percent]
        if len(set(names)) < len(names):
            yield DealFault(field_name, "have a name twice", "each name once")
    begins = [tier.from_minor for tier in deal.partage.tiers]
    if begins != sorted(set(begins)):
        yield DealFault("partage.tiers", "do not rise", "each above more than the one before")


# The one rule of rounding of settlements: each line is rounded by itself to whole minor units, halves up. Of a split
# the producer's part is rounded, and the house has the rest, so that both are always what is shared.
ROUNDING = VatRounding.HALF_UP_PER_LINE
