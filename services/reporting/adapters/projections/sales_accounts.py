"""What the read model knows of orders, loaded and saved for a whole batch."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.channels import Channel
from services.reporting.domain.facts import BackPart, LineBack
from services.reporting.domain.ledger import OrderAccount, Part, Sale, SoldLine


class OrderKey(NamedTuple):
    """One order, as far as one performance goes."""

    house_id: str
    performance_id: str
    order_id: str


# Each is looked up by its whole key (OFFSET keeps it so): a generation that has just begun has no statistics, and a
# plan that takes it for empty would read all of it for each batch.
_BY_KEY = """FROM unnest(CAST(:house_ids AS text[]), CAST(:performance_ids AS text[]), CAST(:order_ids AS text[]))
            AS wanted (house_id, performance_id, order_id)
       CROSS JOIN LATERAL (
           SELECT * FROM {table} o WHERE o.generation = :generation AND o.house_id = wanted.house_id
             AND o.performance_id = wanted.performance_id AND o.order_id = wanted.order_id OFFSET 0
       ) o"""
_ACCOUNTS = text(f"SELECT o.* {_BY_KEY.format(table='sales_orders')}")
_LINES = text(f"SELECT o.* {_BY_KEY.format(table='sales_ledger')} WHERE o.number = 0 ORDER BY o.line")
_SAVE = text(
    """INSERT INTO sales_orders
           (generation, house_id, performance_id, order_id, confirmed, back_minor, back_at_ms, refunded_at_ms,
            movements, cancelled_at_ms, cancelled, back_lines)
       SELECT CAST(:generation AS bigint), e.house_id, e.performance_id, e.order_id, e.confirmed, e.back_minor,
              e.back_at_ms, e.refunded_at_ms, e.movements, e.cancelled_at_ms, CAST(e.cancelled AS jsonb),
              CAST(e.back_lines AS jsonb)
       FROM unnest(
           CAST(:house_ids AS text[]), CAST(:performance_ids AS text[]), CAST(:order_ids AS text[]),
           CAST(:confirmed AS boolean[]), CAST(:back_minor AS bigint[]), CAST(:back_at_ms AS bigint[]),
           CAST(:refunded_at_ms AS bigint[]), CAST(:movements AS int[]), CAST(:cancelled_at_ms AS bigint[]),
           CAST(:cancelled AS text[]), CAST(:back_lines AS text[])
       ) AS e (house_id, performance_id, order_id, confirmed, back_minor, back_at_ms, refunded_at_ms, movements,
               cancelled_at_ms, cancelled, back_lines)
       ON CONFLICT (generation, house_id, performance_id, order_id) DO UPDATE
       SET confirmed = excluded.confirmed, back_minor = excluded.back_minor, back_at_ms = excluded.back_at_ms,
           refunded_at_ms = excluded.refunded_at_ms, movements = excluded.movements,
           cancelled_at_ms = excluded.cancelled_at_ms, cancelled = excluded.cancelled,
           back_lines = excluded.back_lines"""
)


async def load_accounts(
    connection: AsyncConnection, generation: int, keys: Collection[OrderKey]
) -> Mapping[OrderKey, OrderAccount]:
    """Of those that are known; the others are new."""
    rows = (await connection.execute(_ACCOUNTS, _parameters(generation, keys))).all()
    confirmed = [_key(row) for row in rows if row.confirmed]
    sales = await _sales(connection, generation, confirmed) if confirmed else {}
    return {
        _key(row): OrderAccount(
            sale=sales.get(_key(row)),
            back_minor=row.back_minor,
            back_at_ms=row.back_at_ms,
            refunded_at_ms=row.refunded_at_ms,
            movements=row.movements,
            cancelled=frozenset(row.cancelled or ()),
            cancelled_at_ms=row.cancelled_at_ms,
            back_lines=tuple(
                LineBack(seat_id, tuple(BackPart(*part) for part in parts)) for seat_id, parts in row.back_lines or ()
            ),
        )
        for row in rows
    }


async def save_accounts(
    connection: AsyncConnection, generation: int, accounts: Mapping[OrderKey, OrderAccount]
) -> None:
    """What a sale was is in the ledger."""
    if not accounts:
        return
    known = accounts.values()
    parameters = {
        **_parameters(generation, accounts),
        "confirmed": [account.sale is not None for account in known],
        "back_minor": [account.back_minor for account in known],
        "back_at_ms": [account.back_at_ms for account in known],
        "refunded_at_ms": [account.refunded_at_ms for account in known],
        "movements": [account.movements for account in known],
        "cancelled_at_ms": [account.cancelled_at_ms for account in known],
        "cancelled": [json.dumps(sorted(account.cancelled)) if account.cancelled else None for account in known],
        # Without their categories: the lines of the sale have those, and the release before reads two things a line.
        "back_lines": [
            json.dumps([(line.seat_id, line.parts) for line in account.back_lines]) if account.back_lines else None
            for account in known
        ],
    }
    await connection.execute(_SAVE, parameters)


def _parameters(generation: int, keys: Collection[OrderKey]) -> dict[str, Any]:
    return {
        "generation": generation,
        "house_ids": [key.house_id for key in keys],
        "performance_ids": [key.performance_id for key in keys],
        "order_ids": [key.order_id for key in keys],
    }


def _key(row: Row[Any]) -> OrderKey:
    return OrderKey(row.house_id, row.performance_id, row.order_id)


async def _sales(connection: AsyncConnection, generation: int, keys: Collection[OrderKey]) -> Mapping[OrderKey, Sale]:
    of_order: dict[OrderKey, list[Row[Any]]] = {}
    for row in await connection.execute(_LINES, _parameters(generation, keys)):
        of_order.setdefault(_key(row), []).append(row)
    return {key: _sale(rows[0], tuple(map(_line, rows))) for key, rows in of_order.items()}


def _sale(row: Row[Any], lines: tuple[SoldLine, ...]) -> Sale:
    return Sale(
        channel=Channel(row.channel),
        currency=row.currency,
        seller_kind=row.seller_kind,
        seller=row.seller,
        customer_id=row.customer_id,
        lines=lines,
        at_ms=row.at_ms,
    )


def _line(row: Row[Any]) -> SoldLine:
    return SoldLine(
        seat_id=row.seat_id,
        category=row.category,
        kind=row.kind,
        ticket_type=row.ticket_type,
        amount_minor=row.amount_minor,
        discount_minor=row.discount_minor,
        discount_id=row.discount_id,
        office_id=row.office_id,
        parts=tuple(map(Part, row.part_kinds, row.part_classes, row.part_rates, row.part_amounts, row.part_vats)),
    )
