"""Tickets in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.sql.row_arrays import inserting
from services.ticketing.adapters.delivery_rows import bought_by
from services.ticketing.adapters.delivery_tables import deliveries
from services.ticketing.adapters.ticket_tables import ended_orders, revocation_counters, tickets
from services.ticketing.domain.ticket import Revocation, SeatOfTicket, Ticket, TicketSource, VoidReason

# Of the transaction; the first number means ticketing's orders and allotments. In one order, so that no two deadlock.
_LOCK = sa.text(
    "SELECT count(pg_advisory_xact_lock(7205112, place)) FROM"
    " (SELECT DISTINCT hashtext(name) AS place FROM unnest(CAST(:names AS text[])) AS name ORDER BY 1) AS places"
)
_INSERT_ROWS = 1_000
_Row = sa.Row[Any]


def _of_orders(table: sa.Table) -> sa.ColumnElement[bool]:
    """The orders as one array: the statement is the same for one and for many."""
    named = sa.bindparam("order_ids", type_=sa.ARRAY(sa.Text))
    return (table.c.house_id == sa.bindparam("house_id")) & (table.c.order_id == sa.any_(named))


_END = insert(ended_orders).on_conflict_do_nothing()
_ENDED = sa.select(ended_orders.c.order_id).where(_of_orders(ended_orders))
# That it is of an order is said so that the index of those is used.
_SOLD = _of_orders(tickets) & (tickets.c.order_id != "")
_OF_LINES = (VoidReason.LINE_CANCELLED.value, VoidReason.RESEATED.value)
_CUT = sa.select(tickets.c.order_id).where(_SOLD, tickets.c.void_reason.in_(_OF_LINES))
_VALID = sa.select(tickets).where(_SOLD, tickets.c.voided_at_ms.is_(None))

_WRITTEN = (
    "house_id", "ticket_id", "performance_id", "order_id", "allotment_id", "as_of", "print_id", "seat_id",
    "ticket_type", "zone", "seat_row", "seat", "code", "is_foreign", "issued_at_ms", "holder_id", "sealed_name",
)  # fmt: skip
_selected, _new = inserting(tickets, _WRITTEN)
_ADD = insert(tickets).from_select(list(_WRITTEN), _selected).on_conflict_do_nothing().returning(tickets.c.ticket_id)


class TicketRows:
    """See Tickets."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    async def lock(self, sources: Collection[str]) -> None:
        await self._connection.execute(_LOCK, {"names": [f"{self._house_id} {source}" for source in sources]})

    async def ended_orders(self, order_ids: Collection[str]) -> set[str]:
        return set((await self._connection.execute(_ENDED, self._orders(order_ids))).scalars())

    async def end_orders(self, order_ids: Collection[str]) -> None:
        ended = {"house_id": self._house_id, "ended_at_ms": self._now_ms}
        await self._connection.execute(_END, [{**ended, "order_id": order_id} for order_id in order_ids])

    async def cut_orders(self, order_ids: Collection[str]) -> set[str]:
        return set((await self._connection.execute(_CUT, self._orders(order_ids))).scalars())

    async def valid_of_orders(self, order_ids: Collection[str]) -> Sequence[Ticket]:
        return [_ticket(row) for row in await self._connection.execute(_VALID, self._orders(order_ids))]

    def _orders(self, order_ids: Collection[str]) -> dict[str, Any]:
        return {"house_id": self._house_id, "order_ids": list(order_ids)}

    async def of_order(self, order_id: str) -> Sequence[Ticket]:
        wanted = sa.select(tickets).where(
            tickets.c.house_id == self._house_id, tickets.c.order_id == order_id, tickets.c.order_id != ""
        )
        return [_ticket(row) for row in await self._connection.execute(wanted)]

    async def holders_of(self, performance_id: str) -> Sequence[tuple[str, str]]:
        wanted = (
            sa.select(tickets.c.order_id, tickets.c.holder_id)
            .distinct()
            .where(
                tickets.c.house_id == self._house_id,
                tickets.c.performance_id == performance_id,
                tickets.c.order_id != "",
                tickets.c.voided_at_ms.is_(None),
            )
            .order_by(tickets.c.order_id, tickets.c.holder_id)
        )
        return [(row.order_id, row.holder_id) for row in await self._connection.execute(wanted)]

    async def by_id(self, ticket_ids: Collection[str]) -> Sequence[Ticket]:
        wanted = sa.select(tickets).where(tickets.c.house_id == self._house_id, tickets.c.ticket_id.in_(ticket_ids))
        return [_ticket(row) for row in await self._connection.execute(wanted)]

    async def add(self, new: Sequence[Ticket]) -> set[str]:
        added: set[str] = set()
        for first in range(0, len(new), _INSERT_ROWS):
            rows = [_values(self._house_id, ticket) for ticket in new[first : first + _INSERT_ROWS]]
            added |= set((await self._connection.execute(_ADD, _new.values(rows))).scalars())
        return {ticket.ticket_id for ticket in new} - added

    async def remove(self, ticket_ids: Collection[str]) -> None:
        if ticket_ids:
            unwanted = sa.delete(tickets).where(
                tickets.c.house_id == self._house_id, tickets.c.ticket_id.in_(ticket_ids)
            )
            await self._connection.execute(unwanted)

    async def find(self, performance_id: str, ticket_id: str) -> Ticket | None:
        wanted = sa.select(tickets).where(
            tickets.c.house_id == self._house_id,
            tickets.c.ticket_id == ticket_id,
            tickets.c.performance_id == performance_id,
        )
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _ticket(row)

    async def find_foreign(self, performance_id: str, code: str) -> Ticket | None:
        wanted = (
            sa.select(tickets)
            .where(
                tickets.c.house_id == self._house_id,
                tickets.c.performance_id == performance_id,
                tickets.c.code == code,
                tickets.c.is_foreign,
            )
            .order_by(tickets.c.voided_at_ms.desc().nulls_first())
            .limit(1)
        )
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _ticket(row)

    async def valid_of_source(self, performance_id: str, source: TicketSource) -> Sequence[Ticket]:
        wanted = sa.select(tickets).where(
            tickets.c.house_id == self._house_id,
            tickets.c.performance_id == performance_id,
            tickets.c.order_id == source.order_id,
            tickets.c.allotment_id == source.allotment_id,
            tickets.c.voided_at_ms.is_(None),
        )
        return [_ticket(row) for row in await self._connection.execute(wanted)]

    async def void(self, performance_id: str, ticket_ids: Sequence[str], reason: VoidReason) -> Sequence[Ticket]:
        valid = sa.select(tickets.c.ticket_id).where(
            tickets.c.house_id == self._house_id,
            tickets.c.performance_id == performance_id,
            tickets.c.ticket_id.in_(ticket_ids),
            tickets.c.voided_at_ms.is_(None),
        )
        found = sorted((await self._connection.execute(valid.with_for_update())).scalars())
        if not found:
            return []
        last = await self._count_on(performance_id, len(found))
        places = (
            sa.values(sa.column("ticket_id", sa.Text), sa.column("revocation", sa.BigInteger), name="places")
            .data([(one, last - len(found) + 1 + place) for place, one in enumerate(found)])
            .alias("places")
        )
        change = (
            sa.update(tickets)
            .where(tickets.c.house_id == self._house_id, tickets.c.ticket_id == places.c.ticket_id)
            .values(voided_at_ms=self._now_ms, void_reason=reason.value, revocation=places.c.revocation)
            .returning(tickets)
        )
        return [_ticket(row) for row in await self._connection.execute(change)]

    async def rename(self, ticket_id: str, sealed_name: bytes) -> None:
        this = (tickets.c.house_id == self._house_id, tickets.c.ticket_id == ticket_id)
        await self._connection.execute(sa.update(tickets).where(*this).values(sealed_name=sealed_name))

    async def of_customers(self, customer_ids: Collection[str]) -> Sequence[Ticket]:
        bought = bought_by(self._house_id, customer_ids)
        named = (tickets.c.holder_id == "") & (tickets.c.sealed_name != b"") & tickets.c.order_id.in_(bought)
        theirs = sa.or_(tickets.c.holder_id.in_(customer_ids), named)
        wanted = sa.select(tickets).where(tickets.c.house_id == self._house_id, theirs)
        oldest = wanted.order_by(tickets.c.issued_at_ms, tickets.c.ticket_id)
        return [_ticket(row) for row in await self._connection.execute(oldest)]

    async def forget_names(self, customer_id: str) -> None:
        bought = bought_by(self._house_id, [customer_id])
        elsewhere = (deliveries.c.house_id == self._house_id, deliveries.c.sealed_email != b"")
        forgotten = sa.update(deliveries).where(*elsewhere, deliveries.c.order_id.in_(bought))
        await self._connection.execute(forgotten.values(sealed_email=b""))
        theirs = sa.or_(tickets.c.holder_id == customer_id, tickets.c.order_id.in_(bought))
        named = (tickets.c.house_id == self._house_id, tickets.c.sealed_name != b"", theirs)
        await self._connection.execute(sa.update(tickets).where(*named).values(sealed_name=b""))

    async def follow_merge(self, former_id: str, customer_id: str) -> None:
        held = (tickets.c.house_id == self._house_id, tickets.c.holder_id == former_id)
        await self._connection.execute(sa.update(tickets).where(*held).values(holder_id=customer_id))
        bought = (deliveries.c.house_id == self._house_id, deliveries.c.buyer_id == former_id)
        await self._connection.execute(sa.update(deliveries).where(*bought).values(buyer_id=customer_id))

    async def _count_on(self, performance_id: str, count: int) -> int:
        """The last of so many numbers more. Its row stays locked: numbers appear in the order of commits."""
        first = insert(revocation_counters).values(
            house_id=self._house_id, performance_id=performance_id, last_number=count
        )
        counted = first.on_conflict_do_update(
            index_elements=["house_id", "performance_id"],
            set_={"last_number": revocation_counters.c.last_number + first.excluded.last_number},
        ).returning(revocation_counters.c.last_number)
        return int((await self._connection.execute(counted)).scalar_one())

    async def revocations(self, performance_id: str, after: int, limit: int) -> tuple[Sequence[Revocation], int]:
        """The last number first: a ticket that is voided meanwhile is in the next answer."""
        counter = sa.select(revocation_counters.c.last_number).where(
            revocation_counters.c.house_id == self._house_id,
            revocation_counters.c.performance_id == performance_id,
        )
        last = (await self._connection.execute(counter)).scalar() or 0
        wanted = (
            sa.select(tickets)
            .where(
                tickets.c.house_id == self._house_id,
                tickets.c.performance_id == performance_id,
                tickets.c.revocation > after,
            )
            .order_by(tickets.c.revocation)
            .limit(limit)
        )
        found = [_revocation(row) for row in await self._connection.execute(wanted)]
        return found, max(last, found[-1].number if found else 0)


def _values(house_id: str, ticket: Ticket) -> dict[str, Any]:
    return {
        "house_id": house_id,
        "ticket_id": ticket.ticket_id,
        "performance_id": ticket.performance_id,
        "order_id": ticket.source.order_id,
        "allotment_id": ticket.source.allotment_id,
        "as_of": ticket.source.as_of,
        "print_id": ticket.source.print_id,
        "seat_id": ticket.seat.seat_id,
        "ticket_type": ticket.seat.ticket_type,
        "zone": ticket.seat.zone,
        "seat_row": ticket.seat.row,
        "seat": ticket.seat.seat,
        "code": ticket.code,
        "is_foreign": ticket.is_foreign,
        "issued_at_ms": ticket.issued_at_ms,
        "holder_id": ticket.holder_id,
        "sealed_name": ticket.sealed_name,
    }


def _ticket(row: _Row) -> Ticket:
    return Ticket(
        row.ticket_id,
        row.performance_id,
        TicketSource(row.order_id, row.allotment_id, row.as_of, row.print_id),
        SeatOfTicket(row.seat_id, row.ticket_type, row.zone, row.seat_row, row.seat),
        row.code,
        row.issued_at_ms,
        row.is_foreign,
        None if row.void_reason is None else VoidReason(row.void_reason),
        row.voided_at_ms or 0,
        row.holder_id,
        bytes(row.sealed_name),
    )


def _revocation(row: _Row) -> Revocation:
    foreign = row.code if row.is_foreign else ""
    return Revocation(row.revocation, row.ticket_id, foreign, VoidReason(row.void_reason), row.voided_at_ms)
