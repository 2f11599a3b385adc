"""What an office has of a house: allotments, and sales at its contingent discounts (R1.10)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscountSale:
    """One seat that was sold at a discount of an office, for so much, VAT included."""

    performance_id: str
    seat_id: str
    office_id: str
    discount_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DiscountSum:
    """All sales at one discount."""

    discount_id: str
    tickets: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OfficeAllotment:
    """Names an allotment."""

    performance_id: str
    allotment_id: str
