"""Rows of final settlements, inside one transaction. They are only added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.contracts.pages import Place
from services.reporting.domain.settlement_document import SettlementDocument, SignedSettlement
from services.reporting.ports.figures import Sight


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """A final settlement in a list, and what of its figures shows at once that they have changed since."""

    house_id: str
    settlement_id: str
    number: str
    performance_id: str
    production_id: str
    title: str
    starts_at_ms: int
    currency: str
    gross_minor: int
    producer_minor: int
    house_minor: int
    own_tickets: int
    own_gross_minor: int
    reported_sold: int
    finalised_at_ms: int
    corrects_number: str
    corrected_by: str


@dataclass(frozen=True, slots=True)
class SettlementFilter:
    """Empty texts narrow nothing."""

    performance_id: str = ""
    production_id: str = ""
    # What whoever asks may see.
    sight: Sight | None = field(default=None)


class Settlements(Protocol):
    """Any call may raise StoreUnavailable."""

    async def next_number(self, year: int) -> int:
        """The next of the house's year, without gaps; who else asks waits until the transaction ends."""
        ...

    async def add(self, signed: SignedSettlement, year: int, ordinal: int) -> None: ...

    async def get(self, settlement_id: str) -> SignedSettlement | None: ...

    async def standing(self, performance_id: str) -> SignedSettlement | None:
        """The last of the performance's, which no correction has taken the place of."""
        ...

    async def page(self, wanted: SettlementFilter, after: Place | None, limit: int) -> Sequence[SettlementRow]:
        """The newest first."""
        ...

    def written(self, document: SettlementDocument) -> bytes:
        """What is to be signed."""
        ...
