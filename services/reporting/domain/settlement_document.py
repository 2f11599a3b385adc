"""A settlement as a document: what it is of, what it follows from, what it comes to. It is what is signed and kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.reporting.domain.deal import Deal
from services.reporting.domain.settlement import Settlement
from services.reporting.domain.settlement_changes import Difference
from services.reporting.domain.settlement_sales import Sales


class SettlementKind(Enum):
    """What a document is. Values are what stores keep."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    # Final as well, in the place of another one.
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class SettlementHead:
    """Of what it is, as it was called then. Names of offices and discounts are by their ids."""

    house_id: str
    house_name: str
    time_zone: str
    performance_id: str
    production_id: str
    title: str
    subtitle: str
    hall: str
    hall_address: tuple[str, ...]
    starts_at_ms: int
    capacity: int
    office_names: dict[str, str]
    discount_names: dict[str, str]


@dataclass(frozen=True, slots=True)
class KeptDeal:
    """A version of a deal: of a production, or of one performance; the other id is empty. Who set it, by id."""

    production_id: str
    performance_id: str
    version: int
    deal: Deal
    set_at_ms: int
    set_by_kind: str
    set_by: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """The settlement that a correction takes the place of, and why."""

    settlement_id: str
    number: str
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class SettlementDocument:
    """Provisional while it has no number. `deal` None: nobody has said what was agreed on; nothing is calculated."""

    head: SettlementHead
    sales: Sales
    deal: KeptDeal | None
    settlement: Settlement | None
    settlement_id: str = ""
    number: str = ""
    corrects: Corrected | None = None
    differences: tuple[Difference, ...] = ()
    finalised_at_ms: int = 0
    finalised_by_kind: str = ""
    finalised_by: str = ""
    # Of the form of what is signed.
    form: int = 1

    @property
    def kind(self) -> SettlementKind:
        """What it is."""
        if not self.number:
            return SettlementKind.PROVISIONAL
        return SettlementKind.FINAL if self.corrects is None else SettlementKind.CORRECTION


@dataclass(frozen=True, slots=True)
class SignedSettlement:
    """A final document with what proves it: `content` is what was signed."""

    document: SettlementDocument
    content: bytes
    sha256: str
    key_id: str
    signature: bytes
    # The number of the correction in its place; empty: it stands.
    corrected_by: str = ""


def number_text(year: int, ordinal: int) -> str:
    """2027-0001; the year is that of the house's calendar."""
    return f"{year}-{ordinal:04d}"
