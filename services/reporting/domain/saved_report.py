"""Reports that a house keeps under a name: its own, or one of a promoter who belongs to it (R3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_SAVED_REPORTS: Final = 500
CHANGEABLE: Final = frozenset({"name", "question", "formats"})


@dataclass(frozen=True, slots=True)
class SavedReport:
    """`promoter_id` '': about the house, else about what that promoter may see at the moment it is made.

    `question` is a balcon.reporting.v1.ReportQuestion as it came: what it means is worked out when the report is made.
    """

    saved_report_id: str
    promoter_id: str
    name: str
    question: bytes
    language: str
    formats: tuple[str, ...]
    created_at_ms: int
    revision: int = 1
    archived_at_ms: int | None = None
