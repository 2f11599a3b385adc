"""Rows of documents, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol

from services.contracts.pages import Place
from services.ticketing.domain.document import Document


class Documents(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, document: Document, written: bytes) -> None:
        """A new document, and what it is to be drawn from."""
        ...

    async def next_note_number(self, year: int) -> int:
        """Of delivery notes of the house and year: 1, 2, 3, without a gap. Others wait until the transaction ends."""
        ...

    async def prints_of(self, performance_id: str, allotment_id: str) -> int:
        """How often tickets of the allotment were printed. To be asked for with the allotment locked."""
        ...

    async def get(self, document_id: str) -> Document | None: ...

    async def page(self, allotment_id: str, after: Place | None, limit: int) -> Sequence[Document]:
        """The newest first, of one allotment or ('') of all."""
        ...

    async def written(self, document_id: str) -> bytes | None:
        """What a document is to be drawn from, locked; None: it is drawn."""
        ...

    async def keep(self, document_id: str, drawn: BinaryIO) -> None:
        """Its bytes, from now on and for good."""
        ...

    async def part(self, document_id: str, number: int) -> bytes | None:
        """Its bytes in parts, from 0; None after the last."""
        ...
