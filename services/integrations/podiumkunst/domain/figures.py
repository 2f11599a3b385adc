"""What the platform is told of a linked performance: all that was sold and is not given back, never a delta (R0.3).

Sold figures have no reservations, no blocks and no resale (R0.12): seats of a foreign allotment are sold by another
ticketing system, which tells the platform itself, and so are those of whoever is marked as reporting itself (R0.14).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.integrations.podiumkunst.domain.platform import RANKS
from services.integrations.podiumkunst.domain.sales import NOTHING, Kind, Seller, Sold

CURRENCY: Final = "EUR"
RESELLER: Final = "reseller"


class OfficeKind(StrEnum):
    """How an office has its seats. Values are what stores keep."""

    HARD = "hard"
    DIGITAL_HARD = "digital_hard"
    FOREIGN = "foreign"
    OFFER = "offer"


class Why(StrEnum):
    """Why something is not in what the platform is told."""

    REPORTS_ITSELF = "reports_itself"
    FOREIGN_SYSTEM = "foreign_system"


@dataclass(frozen=True, slots=True)
class SellerSales:
    """What one seller has sold of one kind, as it stands."""

    seller: Seller
    kind: Kind
    currency: str
    sold: Sold


@dataclass(frozen=True, slots=True)
class OfficeSales:
    """What an office has reported sold out of one allotment (R1), by price category."""

    allotment_id: str
    office_id: str
    kind: OfficeKind
    sold_by_category: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReportsItself:
    """Who tells the platform itself: resellers by their subject, offices by their id."""

    resellers: frozenset[str] = frozenset()
    offices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Excluded:
    """Who is left out and why. `who`: a reseller's subject or an office's id."""

    who: str
    is_office: bool
    why: Why
    sold: Sold


@dataclass(frozen=True, slots=True)
class HallFigures:
    """The seats of a performance as its owner counts them, by category, and what each is worth at the full price."""

    capacity: Mapping[str, int]
    worth_minor: Mapping[str, int]
    currency: str
    reserved: Mapping[str, int]
    blocked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """All of one performance, as it is now."""

    by_kind: Mapping[Kind, Sold]
    excluded: Sequence[Excluded]
    # Count and worth.
    reserved: Sold
    blocked: Sold
    # Seats of rank 1, 2, ... 10.
    ranks: tuple[int, ...]
    # Categories that nobody has given a rank: their seats are in rank 1.
    unranked: tuple[str, ...] = ()
    # Not to be told: sold in another currency.
    other_currency: str = ""

    @property
    def sold(self) -> Sold:
        """All kinds together."""
        total = NOTHING
        for one in self.by_kind.values():
            total = total.plus(one)
        return total


def figures_of(
    sales: Collection[SellerSales],
    offices: Collection[OfficeSales],
    hall: HallFigures,
    ranks: Mapping[str, int],
    reports_itself: ReportsItself,
) -> Figures:
    """`ranks`: price categories by the rank that the house has given them."""
    by_kind = dict.fromkeys(Kind, NOTHING)
    excluded: dict[tuple[str, bool, Why], Sold] = {}
    for one in sales:
        if one.seller.kind == RESELLER and one.seller.subject in reports_itself.resellers:
            place = (one.seller.subject, False, Why.REPORTS_ITSELF)
            excluded[place] = excluded.get(place, NOTHING).plus(one.sold)
        else:
            by_kind[one.kind] = by_kind[one.kind].plus(one.sold)
    for office in offices:
        sold = worth_of(office.sold_by_category, hall.worth_minor)
        why = _why_not(office, reports_itself)
        if why is None:
            # R1.3: at the normal price, which is all that anybody knows of it here; as settlements do.
            by_kind[Kind.NORMAL] = by_kind[Kind.NORMAL].plus(sold)
        elif sold.tickets:
            place = (office.office_id, True, why)
            excluded[place] = excluded.get(place, NOTHING).plus(sold)
    return Figures(
        by_kind=by_kind,
        excluded=tuple(Excluded(*place, sold) for place, sold in sorted(excluded.items()) if sold != NOTHING),
        reserved=worth_of(hall.reserved, hall.worth_minor),
        blocked=worth_of(hall.blocked, hall.worth_minor),
        ranks=_by_rank(hall.capacity, ranks),
        unranked=tuple(sorted(set(hall.capacity) - set(ranks))),
        other_currency=_other_currency({hall.currency, *(one.currency for one in sales if one.sold != NOTHING)}),
    )


def worth_of(seats: Mapping[str, int], worth_minor: Mapping[str, int]) -> Sold:
    """So many seats, and what they are worth at the full price."""
    return Sold(sum(seats.values()), sum(count * worth_minor.get(category, 0) for category, count in seats.items()))


def _why_not(office: OfficeSales, reports_itself: ReportsItself) -> Why | None:
    if office.kind is OfficeKind.FOREIGN:
        return Why.FOREIGN_SYSTEM
    return Why.REPORTS_ITSELF if office.office_id in reports_itself.offices else None


def _by_rank(capacity: Mapping[str, int], ranks: Mapping[str, int]) -> tuple[int, ...]:
    found = [0] * RANKS
    for category, count in capacity.items():
        found[ranks.get(category, 1) - 1] += count
    return tuple(found)


def _other_currency(currencies: Collection[str]) -> str:
    return next(iter(sorted(set(currencies) - {CURRENCY, ""})), "")
