"""Requests to the operator to draw a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.drawing_request import Attachment, DrawingRequest
from services.contracts.pages import Place


class DrawingRequestRows(Protocol):
    """In a transaction of the house. What belongs to another house is not found (INV-8)."""

    async def add(self, request: DrawingRequest, content: bytes) -> None: ...

    async def find(self, house_id: str, drawing_id: str, *, locked: bool = False) -> DrawingRequest | None: ...

    async def attachment(self, house_id: str, drawing_id: str) -> Attachment | None:
        """None: there is none."""
        ...

    async def save(self, request: DrawingRequest) -> None: ...

    async def page(self, house_id: str, after: Place | None, limit: int) -> Sequence[DrawingRequest]:
        """The oldest first, at most `limit`."""
        ...
