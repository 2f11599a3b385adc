"""Final settlements in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.contracts.year_numbers import next_number
from services.reporting.adapters.settlement_tables import settlement_numbers, settlements
from services.reporting.adapters.written_settlements import read_document, written_document
from services.reporting.domain.settlement_document import SettlementDocument, SignedSettlement
from services.reporting.domain.settlement_sales import Seller
from services.reporting.ports.figures import Sight
from services.reporting.ports.settlements import SettlementFilter, SettlementRow

_later = settlements.alias("later")
_is_in_its_place = sa.and_(
    _later.c.house_id == settlements.c.house_id, _later.c.corrects_id == settlements.c.settlement_id
)
_WITH_CORRECTION = settlements.outerjoin(_later, _is_in_its_place)
_CORRECTED_BY = sa.func.coalesce(_later.c.number, "").label("corrected_by")
_LISTED = (
    "house_id", "settlement_id", "number", "performance_id", "production_id", "title", "starts_at_ms", "currency",
    "gross_minor", "producer_minor", "house_minor", "own_tickets", "own_gross_minor", "reported_sold",
    "finalised_at_ms", "corrects_number",
)  # fmt: skip
_SIGNED = ("content", "sha256", "key_id", "signature")


class SettlementRows:
    """See Settlements."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def next_number(self, year: int) -> int:
        return await next_number(self._connection, settlement_numbers, self._house_id, year)

    async def add(self, signed: SignedSettlement, year: int, ordinal: int) -> None:
        values = _columns(signed.document) | {
            "year": year,
            "ordinal": ordinal,
            "content": signed.content,
            "sha256": signed.sha256,
            "key_id": signed.key_id,
            "signature": signed.signature,
        }
        await self._connection.execute(insert(settlements), values)

    async def get(self, settlement_id: str) -> SignedSettlement | None:
        return await self._one(settlements.c.settlement_id == settlement_id)

    async def standing(self, performance_id: str) -> SignedSettlement | None:
        return await self._one(settlements.c.performance_id == performance_id, _later.c.settlement_id.is_(None))

    async def _one(self, *where: sa.ColumnElement[bool]) -> SignedSettlement | None:
        columns: list[sa.ColumnElement[Any]] = [*(settlements.c[name] for name in _SIGNED), _CORRECTED_BY]
        wanted = sa.select(*columns).select_from(_WITH_CORRECTION)
        row = (await self._connection.execute(wanted.where(settlements.c.house_id == self._house_id, *where))).first()
        return None if row is None else _signed(row)

    async def page(self, wanted: SettlementFilter, after: Place | None, limit: int) -> Sequence[SettlementRow]:
        columns = [settlements.c[name] for name in _LISTED]
        query = sa.select(*columns, _CORRECTED_BY).select_from(_WITH_CORRECTION)
        query = query.where(settlements.c.house_id == self._house_id, *_matching(wanted))
        place = sa.tuple_(settlements.c.finalised_at_ms, settlements.c.settlement_id)
        if after is not None:
            query = query.where(place < sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        newest = query.order_by(settlements.c.finalised_at_ms.desc(), settlements.c.settlement_id.desc())
        return [SettlementRow(**row._mapping) for row in await self._connection.execute(newest.limit(limit))]

    def written(self, document: SettlementDocument) -> bytes:
        return written_document(document)


def _matching(wanted: SettlementFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.performance_id:
        found.append(settlements.c.performance_id == wanted.performance_id)
    if wanted.production_id:
        found.append(settlements.c.production_id == wanted.production_id)
    if wanted.sight is not None and not wanted.sight.whole_house:
        found.append(_seen(wanted.sight))
    return found


def _seen(sight: Sight) -> sa.ColumnElement[bool]:
    return sa.or_(
        settlements.c.performance_id.in_(sight.performance_ids), settlements.c.production_id.in_(sight.production_ids)
    )


def _columns(document: SettlementDocument) -> dict[str, object]:
    head, settled, corrects = document.head, document.settlement, document.corrects
    assert settled is not None, "what is final is calculated"
    own = [line for line in document.sales.lines if line.seller is Seller.HOUSE]
    return {
        "house_id": head.house_id,
        "settlement_id": document.settlement_id,
        "number": document.number,
        "performance_id": head.performance_id,
        "production_id": head.production_id,
        "corrects_id": "" if corrects is None else corrects.settlement_id,
        "corrects_number": "" if corrects is None else corrects.number,
        "title": head.title,
        "starts_at_ms": head.starts_at_ms,
        "currency": document.sales.currency,
        "gross_minor": settled.gross_minor,
        "producer_minor": settled.producer_minor,
        "house_minor": settled.house_minor,
        "own_tickets": sum(line.tickets for line in own),
        "own_gross_minor": sum(line.gross_minor for line in own),
        "reported_sold": sum(one.reported_sold for one in document.sales.offices),
        "finalised_at_ms": document.finalised_at_ms,
    }


def _signed(row: sa.Row[Any]) -> SignedSettlement:
    content = bytes(row.content)
    return SignedSettlement(
        read_document(content), content, row.sha256, row.key_id, bytes(row.signature), row.corrected_by
    )
