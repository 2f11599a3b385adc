"""Documents that were made: listed, drawn at their first download, and the same bytes from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from weakref import WeakValueDictionary

from services.contracts.pages import AskedPage
from services.runtime.errors import Refusal
from services.ticketing.domain.document import Document, DocumentKind
from services.ticketing.domain.refusals import DocumentNotFound
from services.ticketing.ports.paper import Paper
from services.ticketing.ports.store import TicketingStore


class DocumentHandler:
    """One a process: two that want the same undrawn document wait for one drawing."""

    def __init__(self, store: TicketingStore, paper: Paper) -> None:
        self._store = store
        self._paper = paper
        self._drawing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def page(self, house_id: str, allotment_id: str, asked: AskedPage) -> tuple[Sequence[Document], bool]:
        """The newest first, and whether there are more."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.documents.page(allotment_id, asked.after, asked.size + 1)
        return found[: asked.size], len(found) > asked.size

    async def drawn(
        self, house_id: str, document_id: str, kinds: Collection[DocumentKind] = frozenset(DocumentKind)
    ) -> Document | Refusal:
        """With its bytes there; one of another kind is not found. Raises PaperFailed."""
        document = await self._get(house_id, document_id)
        if document is None or document.kind not in kinds:
            return DocumentNotFound(document_id)
        if document.is_drawn:
            return document
        lock = self._drawing.setdefault((house_id, document_id), asyncio.Lock())
        async with lock:
            await self._draw(house_id, document_id)
        return await self._get(house_id, document_id) or DocumentNotFound(document_id)

    async def parts(self, house_id: str, document_id: str) -> AsyncIterator[bytes]:
        """The bytes of a document that is drawn; no connection is kept while somebody reads slowly."""
        number = 0
        while (part := await self._part(house_id, document_id, number)) is not None:
            yield part
            number += 1

    async def _get(self, house_id: str, document_id: str) -> Document | None:
        async with self._store.transaction(house_id) as transaction:
            return await transaction.documents.get(document_id)

    async def _part(self, house_id: str, document_id: str, number: int) -> bytes | None:
        async with self._store.transaction(house_id) as transaction:
            return await transaction.documents.part(document_id, number)

    async def _draw(self, house_id: str, document_id: str) -> None:
        async with self._store.transaction(house_id) as transaction:
            written = await transaction.documents.written(document_id)
        if written is None:
            return
        async with self._paper.drawn(written) as file, self._store.transaction(house_id) as transaction:
            # Another process may have been faster: its bytes are the document's then.
            if await transaction.documents.written(document_id) is not None:
                await transaction.documents.keep(document_id, file)
                await transaction.commit()
