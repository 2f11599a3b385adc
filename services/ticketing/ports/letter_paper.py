"""Draws what goes out with one letter, beside the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.ticketing.ports.paper import Sheet


class LetterPaper(Protocol):
    """Draws what goes out with one letter, together."""

    async def drawn(self, sheets: Sequence[Sheet]) -> Sequence[bytes]:
        """One for each sheet, in their order. Raises services.paper.process.PaperFailed."""
        ...
