"""Documents in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.bounds import PART_BYTES
from services.contracts.pages import Place
from services.contracts.year_numbers import next_number
from services.ticketing.adapters.document_tables import departures, document_parts, documents, note_numbers
from services.ticketing.domain.allotment import Departure
from services.ticketing.domain.document import Document, DocumentKind


class DocumentRows:
    """See Documents."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def add(self, document: Document, written: bytes) -> None:
        values = {name: getattr(document, name) for name in _COPIED} | {
            "house_id": self._house_id,
            "kind": document.kind.value,
            "written": written,
        }
        await self._connection.execute(insert(documents), values)

    async def next_note_number(self, year: int) -> int:
        return await next_number(self._connection, note_numbers, self._house_id, year)

    async def prints_of(self, performance_id: str, allotment_id: str) -> int:
        last = sa.select(sa.func.max(documents.c.print_number)).where(
            documents.c.house_id == self._house_id,
            documents.c.performance_id == performance_id,
            documents.c.allotment_id == allotment_id,
        )
        return int((await self._connection.execute(last)).scalar() or 0)

    async def get(self, document_id: str) -> Document | None:
        wanted = sa.select(*_SHOWN).where(
            documents.c.house_id == self._house_id, documents.c.document_id == document_id
        )
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _document(row)

    async def page(self, allotment_id: str, after: Place | None, limit: int) -> Sequence[Document]:
        wanted = sa.select(*_SHOWN).where(documents.c.house_id == self._house_id)
        if allotment_id:
            wanted = wanted.where(documents.c.allotment_id == allotment_id)
        if after is not None:
            place = sa.tuple_(documents.c.created_at_ms, documents.c.document_id)
            wanted = wanted.where(place < sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        newest = wanted.order_by(documents.c.created_at_ms.desc(), documents.c.document_id.desc()).limit(limit)
        return [_document(row) for row in await self._connection.execute(newest)]

    async def written(self, document_id: str) -> bytes | None:
        wanted = (
            sa.select(documents.c.written)
            .where(documents.c.house_id == self._house_id, documents.c.document_id == document_id)
            .with_for_update()
        )
        written = (await self._connection.execute(wanted)).scalar()
        return None if written is None else bytes(written)

    async def keep(self, document_id: str, drawn: BinaryIO) -> None:
        """A part at a time: a large one is never in memory as a whole."""
        digest, size, number = hashlib.sha256(), 0, 0
        while content := drawn.read(PART_BYTES):
            digest.update(content)
            values = {"house_id": self._house_id, "document_id": document_id, "part": number, "content": content}
            await self._connection.execute(insert(document_parts), values)
            size, number = size + len(content), number + 1
        kept = (
            sa.update(documents)
            .where(documents.c.house_id == self._house_id, documents.c.document_id == document_id)
            .values(written=None, size_bytes=size, sha256=digest.hexdigest())
        )
        await self._connection.execute(kept)

    async def part(self, document_id: str, number: int) -> bytes | None:
        wanted = sa.select(document_parts.c.content).where(
            document_parts.c.house_id == self._house_id,
            document_parts.c.document_id == document_id,
            document_parts.c.part == number,
        )
        content = (await self._connection.execute(wanted)).scalar()
        return None if content is None else bytes(content)


class DepartureRows:
    """See Departures."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def add(self, performance_id: str, allotment_id: str, left: Sequence[Departure]) -> None:
        if not left:
            return
        new = insert(departures)
        later = new.on_conflict_do_update(
            index_elements=["house_id", "performance_id", "allotment_id", "seat_id"],
            set_={"version": sa.func.greatest(departures.c.version, new.excluded.version)},
        )
        names = {"house_id": self._house_id, "performance_id": performance_id, "allotment_id": allotment_id}
        await self._connection.execute(
            later, [names | {"seat_id": one.seat_id, "version": one.version} for one in left]
        )

    async def later_than(self, performance_id: str, allotment_id: str, version: int) -> set[str]:
        wanted = sa.select(departures.c.seat_id).where(
            departures.c.house_id == self._house_id,
            departures.c.performance_id == performance_id,
            departures.c.allotment_id == allotment_id,
            departures.c.version > version,
        )
        return set((await self._connection.execute(wanted)).scalars())


_COPIED = (
    "document_id", "number", "performance_id", "allotment_id", "office_id", "language", "created_at_ms", "stock",
    "tickets", "print_number", "allotment_version", "size_bytes", "sha256",
)  # fmt: skip
_SHOWN = [documents.c.kind, *(documents.c[name] for name in _COPIED)]


def _document(row: sa.Row[Any]) -> Document:
    return Document(kind=DocumentKind(row.kind), **{name: getattr(row, name) for name in _COPIED})
