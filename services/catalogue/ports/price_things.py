"""What a house keeps about its prices and for its sale: VAT classes, rules, offices and more, each sort by its name.

Inside one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Protocol, TypeVar

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.price_book import PriceBook
from services.contracts.pages import Place

Body = TypeVar("Body")

NOTHING: Mapping[str, str] = MappingProxyType({})


class Sort(Enum):
    """The sorts of things. Values are what the store keeps."""

    VAT_CLASS = "vat_class"
    PRICE_RULES = "price_rules"
    PRICE_LIST = "price_list"
    TICKET_TYPE = "ticket_type"
    DISCOUNT = "discount"
    PASS_KIND = "pass_kind"  # noqa: S105 (no password)
    PROMOTION_CODE = "promotion_code"
    OFFICE = "office"
    PACKAGE = "package"
    FORM_FIELD = "form_field"


class PriceThings(Protocol):
    """`house_id` in every call is the asking house: what belongs to another one is not found (INV-8)."""

    async def add(self, sort: Sort, house_id: str, thing_id: str, body: Body) -> Kept[Body] | None:
        """In its first revision. None: the house has one of that id."""
        ...

    async def get(
        self, sort: Sort, house_id: str, thing_id: str, body_type: type[Body], *, lock: bool = False
    ) -> Kept[Body] | None:
        """`lock`: nobody else changes it until the transaction ends."""
        ...

    async def page(
        self,
        sort: Sort,
        house_id: str,
        body_type: type[Body],
        after: Place | None,
        limit: int,
        *,
        include_archived: bool,
        having: Mapping[str, str] = NOTHING,
    ) -> Sequence[Kept[Body]]:
        """In the order in which they were made, then by id; at most `limit`. `having`: texts of their bodies."""
        ...

    async def save(self, sort: Sort, thing: Kept[Body]) -> None:
        """As it is now, its revision included. It was locked before."""
        ...

    async def book(self, house_id: str) -> PriceBook:
        """What the house's prices are read with."""
        ...
