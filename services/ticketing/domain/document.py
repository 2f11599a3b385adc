"""Documents: what they are, whose, and what is known of their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DocumentKind(Enum):
    """Names as in balcon.ticketing.v1.DocumentKind."""

    TICKETS = "TICKETS"
    DELIVERY_NOTE = "DELIVERY_NOTE"
    SEAT_LIST = "SEAT_LIST"
    HALL_PLAN = "HALL_PLAN"
    STATEMENT = "STATEMENT"
    OFFICE_STATEMENT = "OFFICE_STATEMENT"


# Have figures and no codes.
STATEMENTS = frozenset({DocumentKind.STATEMENT, DocumentKind.OFFICE_STATEMENT})
PDF = "application/pdf"
CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Document:
    """One document. It is drawn at its first download, from what was written down for it when it was made."""

    document_id: str
    kind: DocumentKind
    number: str
    performance_id: str
    allotment_id: str
    office_id: str
    language: str
    created_at_ms: int
    stock: str = ""
    tickets: int = 0
    print_number: int = 0
    allotment_version: int = 0
    size_bytes: int = 0
    sha256: str = ""

    @property
    def content_type(self) -> str:
        """What its bytes are."""
        return CSV if self.kind is DocumentKind.SEAT_LIST else PDF

    @property
    def file_name(self) -> str:
        """For whoever keeps it as a file. Ids and numbers have no character that a file name must not have."""
        ending = "csv" if self.kind is DocumentKind.SEAT_LIST else "pdf"
        parts = [self.kind.value.lower().replace("_", "-"), self.allotment_id or self.office_id]
        if self.print_number:
            parts.append(str(self.print_number))
        elif self.number not in parts:
            parts.append(self.number)
        return f"{'-'.join(parts)}.{ending}"

    @property
    def is_drawn(self) -> bool:
        """Whether its bytes are there."""
        return bool(self.sha256)
