"""Invoices in PostgreSQL: rows inside one transaction's connection, and orders that are to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.pages import Place
from services.contracts.year_numbers import next_number
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.row_arrays import RowArrays
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.ticketing.adapters.invoice_tables import invoice_looks, invoice_numbers, invoices, invoicing
from services.ticketing.domain.invoice import Invoice, InvoiceKind, InvoiceLine, InvoicePart
from services.ticketing.domain.invoicing import Invoicing, KeptInvoicing
from services.ticketing.ports.invoice_looks import InvoiceLook

_DUE = AllHouses("orders that may need an invoice are of many houses")
_OLD = AllHouses("documents are emptied when their time is over")
_FIELDS = (
    "legal_name", "address_lines", "vat_number", "registration", "number_prefix", "automatic", "small_up_to_minor",
    "note",
)  # fmt: skip
_COPIED = (
    "invoice_id", "number", "order_id", "currency", "language", "corrects", "refund_id", "replaced_by", "has_buyer",
    "issued_at_ms",
)  # fmt: skip
_SHOWN = [invoices.c.kind, invoices.c.lines, *(invoices.c[name] for name in _COPIED)]


class InvoiceRows:
    """See Invoices."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def invoicing(self) -> KeptInvoicing:
        wanted = sa.select(invoicing).where(invoicing.c.house_id == self._house_id)
        row = (await self._connection.execute(wanted)).mappings().first()
        if row is None:
            return KeptInvoicing(Invoicing(), 0)
        values = {name: row[name] for name in _FIELDS} | {"address_lines": tuple(row["address_lines"])}
        return KeptInvoicing(Invoicing(**values), row["revision"])

    async def save_invoicing(self, kept: KeptInvoicing) -> bool:
        values = {name: getattr(kept.invoicing, name) for name in _FIELDS} | {
            "address_lines": list(kept.invoicing.address_lines),
            "revision": kept.revision + 1,
        }
        made = insert(invoicing).values(house_id=self._house_id, **values)
        # Two who are first meet at the row, and the second finds another revision than 0.
        saved = made.on_conflict_do_update(
            index_elements=["house_id"], set_=values, where=invoicing.c.revision == kept.revision
        ).returning(invoicing.c.revision)
        return (await self._connection.execute(saved)).first() is not None

    async def next_number(self, year: int) -> int:
        return await next_number(self._connection, invoice_numbers, self._house_id, year)

    async def lock_order(self, order_id: str) -> None:
        name = sa.func.hashtextextended(f"invoice:{self._house_id}:{order_id}", 0)
        await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))

    async def add(self, invoice: Invoice, place: tuple[int, int], sealed_sheet: bytes, keep_until_ms: int) -> None:
        year, count = place
        values = {name: getattr(invoice, name) for name in _COPIED} | {
            "house_id": self._house_id,
            "kind": invoice.kind.value,
            "year": year,
            "count": count,
            "total_minor": invoice.total_minor,
            "lines": [_line_row(line) for line in invoice.lines],
            "sealed_sheet": sealed_sheet,
            "keep_until_ms": keep_until_ms,
        }
        await self._connection.execute(insert(invoices), values)

    async def replace(self, invoice_id: str, by: str) -> None:
        await self._connection.execute(sa.update(invoices).where(*self._named(invoice_id)).values(replaced_by=by))

    async def get(self, invoice_id: str) -> Invoice | None:
        row = (await self._connection.execute(sa.select(*_SHOWN).where(*self._named(invoice_id)))).mappings().first()
        return None if row is None else _invoice(row)

    async def sealed_sheet(self, invoice_id: str) -> bytes | None:
        wanted = sa.select(invoices.c.sealed_sheet).where(*self._named(invoice_id))
        sealed = (await self._connection.execute(wanted)).scalar()
        return None if sealed is None else bytes(sealed)

    async def of_order(self, order_id: str) -> Sequence[Invoice]:
        wanted = sa.select(*_SHOWN).where(invoices.c.house_id == self._house_id, invoices.c.order_id == order_id)
        rows = await self._connection.execute(wanted.order_by(invoices.c.year, invoices.c["count"]))
        return [_invoice(row) for row in rows.mappings()]

    async def page(self, order_id: str, after: Place | None, limit: int) -> Sequence[Invoice]:
        wanted = sa.select(*_SHOWN).where(invoices.c.house_id == self._house_id)
        if order_id:
            wanted = wanted.where(invoices.c.order_id == order_id)
        if after is not None:
            place = sa.tuple_(invoices.c.issued_at_ms, invoices.c.invoice_id)
            wanted = wanted.where(place < sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        newest = wanted.order_by(invoices.c.issued_at_ms.desc(), invoices.c.invoice_id.desc()).limit(limit)
        return [_invoice(row) for row in (await self._connection.execute(newest)).mappings()]

    def _named(self, invoice_id: str) -> tuple[sa.ColumnElement[bool], ...]:
        return invoices.c.house_id == self._house_id, invoices.c.invoice_id == invoice_id


async def note_looks(connection: AsyncConnection, orders: Sequence[tuple[str, str]], now_ms: int) -> int:
    """Inside the transaction of orders' events, by house and order: they are looked at, where the house invoices or
    has invoiced them. Returns how many are; none of `orders` is named twice."""
    rows = [{"house_id": house_id, "order_id": order_id} for house_id, order_id in orders]
    noted = await connection.execute(_NOTE_LOOKS, {**_told.values(rows), "now_ms": now_ms})
    return int(noted.rowcount)


_told = RowArrays([invoice_looks.c.house_id, invoice_looks.c.order_id])


def _noting_looks() -> sa.Insert:
    told, now_ms = _told.table.c, sa.bindparam("now_ms", type_=sa.BigInteger)
    # Not "exists": for that the planner may read all there are, whichever are meant.
    automatic = sa.select(invoicing.c.automatic).where(invoicing.c.house_id == told.house_id).scalar_subquery()
    of_it = (invoices.c.house_id == told.house_id, invoices.c.order_id == told.order_id)
    invoiced = sa.select(sa.true()).where(*of_it).limit(1).scalar_subquery()
    rows = sa.select(told.house_id, told.order_id, now_ms, sa.literal(0), sa.literal(1)).where(
        sa.func.coalesce(automatic, sa.false()) | invoiced
    )
    new = insert(invoice_looks).from_select(["house_id", "order_id", "look_at_ms", "failures", "version"], rows)
    again = {"look_at_ms": new.excluded.look_at_ms, "failures": 0, "version": invoice_looks.c.version + 1}
    return new.on_conflict_do_update(index_elements=["house_id", "order_id"], set_=again)


_NOTE_LOOKS = _noting_looks()


class PostgresInvoiceLooks:
    """See InvoiceLooks."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = for_single_statements(engine)
        self._clock = clock

    async def lease(self, limit: int, lease_seconds: float) -> Sequence[InvoiceLook]:
        now_ms = self._clock.now_ms()
        due = (
            sa.select(invoice_looks.c.house_id, invoice_looks.c.order_id)
            .where(invoice_looks.c.look_at_ms <= now_ms)
            .order_by(invoice_looks.c.look_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        leased = (
            sa.update(invoice_looks)
            .where(invoice_looks.c.house_id == due.c.house_id, invoice_looks.c.order_id == due.c.order_id)
            .values(look_at_ms=now_ms + int(lease_seconds * 1000))
            .returning(
                invoice_looks.c.house_id, invoice_looks.c.order_id, invoice_looks.c.failures, invoice_looks.c.version
            )
        )
        async with connected(self._engine, _DUE) as connection:
            return [InvoiceLook(*row) for row in await connection.execute(leased)]

    async def done(self, look: InvoiceLook) -> None:
        forgotten = sa.delete(invoice_looks).where(*_this(look), invoice_looks.c.version == look.version)
        async with connected(self._engine, HouseScope(look.house_id)) as connection:
            await connection.execute(forgotten)

    async def postpone(self, look: InvoiceLook, until_ms: int) -> None:
        later = (
            sa.update(invoice_looks)
            .where(*_this(look), invoice_looks.c.version == look.version)
            .values(look_at_ms=until_ms, failures=look.failures + 1)
        )
        async with connected(self._engine, HouseScope(look.house_id)) as connection:
            await connection.execute(later)

    async def forget_sheets(self, ended_before_ms: int, limit: int) -> int:
        over = (
            sa.select(invoices.c.house_id, invoices.c.invoice_id)
            .where(invoices.c.keep_until_ms <= ended_before_ms, invoices.c.sealed_sheet.is_not(None))
            .limit(limit)
            .cte("over")
        )
        emptied = (
            sa.update(invoices)
            .where(invoices.c.house_id == over.c.house_id, invoices.c.invoice_id == over.c.invoice_id)
            .values(sealed_sheet=None)
        )
        async with connected(self._engine, _OLD) as connection:
            return int((await connection.execute(emptied)).rowcount)


def _this(look: InvoiceLook) -> tuple[sa.ColumnElement[bool], ...]:
    return invoice_looks.c.house_id == look.house_id, invoice_looks.c.order_id == look.order_id


def _line_row(line: InvoiceLine) -> list[Any]:
    parts = [
        [part.component, part.amount_minor, part.vat_class, part.rate_basis_points, part.vat_minor]
        for part in line.parts
    ]
    return [line.performance_id, line.seat_id, line.seat_text, line.category, line.ticket_type, parts]


def _invoice(row: sa.RowMapping) -> Invoice:
    lines = tuple(
        InvoiceLine(performance, seat, seat_text, category, ticket_type, tuple(InvoicePart(*part) for part in parts))
        for performance, seat, seat_text, category, ticket_type, parts in row["lines"]
    )
    return Invoice(kind=InvoiceKind(row["kind"]), lines=lines, **{name: row[name] for name in _COPIED})
