"""Writes the read model inside the transaction that consumes the events. Decides nothing: the domain folds.

Three statements a performance and batch, for the service shares a small machine with the sale itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.performance_rows import (
    PERFORMANCE_COLUMNS,
    channel_in_row,
    channel_text,
    totals_of,
    values_of,
)
from services.reporting.domain.facts import TicketsSold
from services.reporting.domain.totals import OrderFigures, Totals
from services.reporting.ports.generations import GenerationGone

_KEY = "generation = :generation AND house_id = :house_id AND performance_id = :performance_id"
_KEY_VALUES = "CAST(:generation AS bigint), CAST(:house_id AS text), CAST(:performance_id AS text)"

# The row is the lock of all that belongs to the performance, so what depends on it is read by the next statement.
_LOCK = text(f"SELECT * FROM performances WHERE {_KEY} FOR UPDATE")  # noqa: S608 (fixed parts)
_FENCE = text("SELECT 1 FROM generations WHERE generation = :generation FOR KEY SHARE")
_OPEN = text(
    f"""INSERT INTO performances
            (generation, house_id, performance_id, currency, orders_confirmed, orders_refunded, orders_at_ms)
        VALUES ({_KEY_VALUES}, '', 0, 0, 0) ON CONFLICT DO NOTHING"""  # noqa: S608 (fixed parts)
)
_DEPENDENT = text(
    f"""SELECT NULL AS order_id, category, channel, tickets, revenue_minor, NULL AS confirmed, NULL AS refunded,
               NULL AS refunded_minor, NULL AS cancelled, NULL AS back
        FROM sales_lines WHERE {_KEY}
        UNION ALL
        SELECT order_id, category, channel, tickets, revenue_minor, confirmed, refunded, orders.refunded_minor,
               orders.cancelled, orders.back
        FROM orders LEFT JOIN order_lines USING (generation, house_id, performance_id, order_id)
        WHERE {_KEY} AND order_id = ANY(CAST(:order_ids AS text[]))"""  # noqa: S608 (fixed parts)
)
_SAVE = text(
    f"""WITH performance AS (
            UPDATE performances SET {", ".join(f"{name} = :{name}" for name in PERFORMANCE_COLUMNS)} WHERE {_KEY}
        ), told AS (
            INSERT INTO sales_lines
                (generation, house_id, performance_id, category, channel, tickets, revenue_minor)
            SELECT {_KEY_VALUES}, line.* FROM unnest(
                CAST(:line_categories AS text[]), CAST(:line_channels AS text[]),
                CAST(:line_tickets AS int[]), CAST(:line_revenues AS bigint[])
            ) AS line
            ON CONFLICT (generation, house_id, performance_id, category, channel) DO UPDATE
            SET tickets = excluded.tickets, revenue_minor = excluded.revenue_minor
        ), gone AS (
            DELETE FROM sales_lines
            WHERE {_KEY} AND (category, channel) IN (
                SELECT * FROM unnest(CAST(:gone_categories AS text[]), CAST(:gone_channels AS text[]))
            )
        ), known AS (
            INSERT INTO orders
                (generation, house_id, performance_id, order_id, channel, confirmed, refunded, refunded_minor,
                 cancelled, back)
            SELECT {_KEY_VALUES}, e.order_id, e.channel, e.confirmed, e.refunded, e.refunded_minor,
                   CAST(e.cancelled AS jsonb), CAST(e.back AS jsonb)
            FROM unnest(
                CAST(:order_ids AS text[]), CAST(:order_channels AS text[]), CAST(:order_confirmed AS boolean[]),
                CAST(:order_refunded AS boolean[]), CAST(:order_refunded_minor AS bigint[]),
                CAST(:order_cancelled AS text[]), CAST(:order_back AS text[])
            ) AS e (order_id, channel, confirmed, refunded, refunded_minor, cancelled, back)
            ON CONFLICT (generation, house_id, performance_id, order_id) DO UPDATE
            SET channel = excluded.channel, confirmed = excluded.confirmed, refunded = excluded.refunded,
                refunded_minor = excluded.refunded_minor, cancelled = excluded.cancelled, back = excluded.back
        )
        INSERT INTO order_lines
            (generation, house_id, performance_id, order_id, category, tickets, revenue_minor, refunded_minor)
        SELECT {_KEY_VALUES}, line.* FROM unnest(
            CAST(:lines_of AS text[]), CAST(:order_categories AS text[]), CAST(:order_tickets AS int[]),
            CAST(:order_revenues AS bigint[]), CAST(:order_shares AS bigint[])
        ) AS line
        -- An order's lines never change once they are known, but for what went back of them.
        ON CONFLICT (generation, house_id, performance_id, order_id, category) DO UPDATE
        SET refunded_minor = excluded.refunded_minor
        WHERE order_lines.refunded_minor <> excluded.refunded_minor"""  # noqa: S608 (fixed parts)
)


class PostgresReadModel:
    """See ports.ReadModel. One generation, one transaction."""

    def __init__(self, connection: AsyncConnection, generation: int) -> None:
        self._connection = connection
        self._generation = generation

    async def load(
        self, house_id: str, performance_id: str, order_ids: Collection[str]
    ) -> tuple[Totals, Mapping[str, OrderFigures]]:
        key = self._key(house_id, performance_id)
        row = (await self._connection.execute(_LOCK, key)).mappings().first()
        if row is None:
            await self._open(key)
            row = (await self._connection.execute(_LOCK, key)).mappings().one()
        lines: list[RowMapping] = []
        of_orders: dict[str, list[RowMapping]] = {}
        for line in (await self._connection.execute(_DEPENDENT, {**key, "order_ids": list(order_ids)})).mappings():
            (lines if line["order_id"] is None else of_orders.setdefault(line["order_id"], [])).append(line)
        return totals_of(row, lines), {order_id: _order_of(order_id, rows) for order_id, rows in of_orders.items()}

    async def save(self, before: Totals, after: Totals, orders: Sequence[OrderFigures]) -> None:
        changed = {key: line for key, line in after.lines.items() if before.lines.get(key) != line}
        gone = before.lines.keys() - after.lines.keys()
        sold = [
            (order.order_id, line, share)
            for order in orders
            for line, share in zip(order.lines, order.shares, strict=True)
        ]
        await self._connection.execute(
            _SAVE,
            {
                **self._key(after.house_id, after.performance_id),
                **values_of(after),
                "line_categories": [key.category for key in changed],
                "line_channels": [channel_text(key.channel) for key in changed],
                "line_tickets": [line.tickets for line in changed.values()],
                "line_revenues": [line.revenue_minor for line in changed.values()],
                "gone_categories": [key.category for key in gone],
                "gone_channels": [channel_text(key.channel) for key in gone],
                "order_ids": [order.order_id for order in orders],
                "order_channels": [channel_text(order.channel) if order.channel else None for order in orders],
                "order_confirmed": [order.confirmed for order in orders],
                "order_refunded": [order.refunded for order in orders],
                "order_cancelled": [
                    json.dumps(sorted(order.cancelled)) if order.cancelled else None for order in orders
                ],
                "order_back": [json.dumps(order.back) if order.back else None for order in orders],
                "order_refunded_minor": [order.refunded_minor for order in orders],
                "lines_of": [order_id for order_id, _, _ in sold],
                "order_categories": [line.category for _, line, _ in sold],
                "order_tickets": [line.tickets for _, line, _ in sold],
                "order_revenues": [line.revenue_minor for _, line, _ in sold],
                "order_shares": [share for _, _, share in sold],
            },
        )

    async def _open(self, key: dict[str, Any]) -> None:
        # Whoever drops the generation waits for this lock, and for those of the performances that are there.
        if (await self._connection.execute(_FENCE, {"generation": self._generation})).first() is None:
            raise GenerationGone(generation=self._generation)
        await self._connection.execute(_OPEN, key)

    def _key(self, house_id: str, performance_id: str) -> dict[str, Any]:
        return {"generation": self._generation, "house_id": house_id, "performance_id": performance_id}


def _order_of(order_id: str, rows: Sequence[RowMapping]) -> OrderFigures:
    lines = [TicketsSold(row["category"], row["tickets"], row["revenue_minor"]) for row in rows if row["category"]]
    return OrderFigures(
        order_id=order_id,
        channel=channel_in_row(rows[0]["channel"]) if rows[0]["channel"] else None,
        lines=tuple(sorted(lines, key=lambda line: line.category)),
        confirmed=rows[0]["confirmed"],
        refunded=rows[0]["refunded"],
        refunded_minor=rows[0]["refunded_minor"],
        cancelled=frozenset((seat_id, category) for seat_id, category in rows[0]["cancelled"] or ()),
        back=tuple((category, minor) for category, minor in rows[0]["back"] or ()),
    )
