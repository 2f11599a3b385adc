"""What the operator has to draw."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from services.catalogue.domain.drawing_request import DrawingRequest, DrawingState
from services.contracts.pages import Place


class DrawingQueue(Protocol):
    """What the operator has to draw."""

    async def page(self, states: Collection[DrawingState], after: Place | None, limit: int) -> Sequence[DrawingRequest]:
        """Of every house, the oldest first, in one of the states."""
        ...
