"""What the auditor asks of the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.contracts.audit import RecordAudit


class SeatRecordAudit(RecordAudit, Protocol):
    """The record's view of itself, and what the owners' memory is compared with."""

    async def counts(self, performance_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Seats per performance: {"claimed": n, "sold": n, "reserved": n, "allotted": n, "reported_sold": n}, and
        "blocked" whoever has them; a count of none is left out."""
        ...
