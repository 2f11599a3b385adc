"""The read model `sales`: every movement of tickets and money in a ledger, and sums of it that are told at once.

One statement for each table and batch. Customers who are erased or merged are dropped or moved in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.order_facts import order_fact_of
from services.reporting.adapters.projections.projection import Projection, fence
from services.reporting.adapters.projections.sales_accounts import OrderKey, load_accounts, save_accounts
from services.reporting.adapters.projections.sales_rows import Moved, write_movements
from services.reporting.adapters.sales_tables import (
    customer_fates,
    sales_ledger,
    sales_minutes,
    sales_orders,
    sales_parts,
    sales_sums,
)
from services.reporting.domain.fates import CustomerGone, with_fate
from services.reporting.domain.ledger import OrderAccount, OrderFact, fold_order
from services.runtime.bus.topics import CONSENTS, ORDERS
from services.runtime.outbox.event import IncomingEvent

# Waits for the batches of sales that are under way: none of them may miss what became of a customer.
_ALONE = text("SELECT 1 FROM read_model_generations WHERE generation = :generation FOR UPDATE")
_FATES = text(
    """SELECT f.house_id, f.customer_id, f.became
       FROM unnest(CAST(:house_ids AS text[]), CAST(:customer_ids AS text[])) AS wanted (house_id, customer_id)
       CROSS JOIN LATERAL (
           SELECT * FROM customer_fates f WHERE f.generation = :generation AND f.house_id = wanted.house_id
             AND f.customer_id = wanted.customer_id OFFSET 0
       ) f"""
)
_FATES_OF_HOUSE = text(
    "SELECT customer_id, became FROM customer_fates WHERE generation = :generation AND house_id = :house_id"
)
_KEEP_FATES = text(
    """INSERT INTO customer_fates (generation, house_id, customer_id, became)
       SELECT CAST(:generation AS bigint), CAST(:house_id AS text), e.customer_id, e.became
       FROM unnest(CAST(:customer_ids AS text[]), CAST(:became AS text[])) AS e (customer_id, became)
       ON CONFLICT (generation, house_id, customer_id) DO UPDATE SET became = excluded.became"""
)
_MOVE = text(
    """UPDATE sales_ledger l SET customer_id = e.became
       FROM unnest(CAST(:customer_ids AS text[]), CAST(:became AS text[])) AS e (customer_id, became)
       WHERE l.generation = :generation AND l.house_id = :house_id AND l.customer_id = e.customer_id
         AND l.customer_id <> ''"""
)


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Brings a batch into the ledger and its sums. Raises EventMalformed, GenerationGone."""
    facts: list[OrderFact] = []
    gone: list[CustomerGone] = []
    for event in events:
        match order_fact_of(event):
            case None:
                pass
            case CustomerGone() as customer:
                gone.append(customer)
            case fact:
                facts.append(fact)
    if facts or not gone:
        await fence(connection, generation)
    if facts:
        await _fold(connection, generation, facts)
    if gone:
        await _let_go(connection, generation, gone)


async def _fold(connection: AsyncConnection, generation: int, facts: Sequence[OrderFact]) -> None:
    keys = [OrderKey(fact.house_id, fact.performance_id, fact.order_id) for fact in facts]
    known = await load_accounts(connection, generation, dict.fromkeys(keys))
    accounts: dict[OrderKey, OrderAccount] = dict(known)
    moved: list[Moved] = []
    for key, fact in zip(keys, facts, strict=True):
        after, movements = fold_order(accounts.get(key, OrderAccount()), fact)
        accounts[key] = after
        if movements:
            assert after.sale is not None, "nothing moves before it was sold"
            moved += [Moved(key, after.sale, movement) for movement in movements]
    changed = {key: account for key, account in accounts.items() if known.get(key) != account}
    await save_accounts(connection, generation, changed)
    if moved:
        await write_movements(connection, generation, moved, await _fates(connection, generation, moved))


async def _fates(connection: AsyncConnection, generation: int, moved: Sequence[Moved]) -> Mapping[tuple[str, str], str]:
    """Of the customers of these movements those that are no more, by house and customer."""
    wanted = {(one.key.house_id, one.sale.customer_id) for one in moved if one.sale.customer_id}
    if not wanted:
        return {}
    parameters = {
        "generation": generation,
        "house_ids": [house_id for house_id, _ in wanted],
        "customer_ids": [customer_id for _, customer_id in wanted],
    }
    rows = await connection.execute(_FATES, parameters)
    return {(row.house_id, row.customer_id): row.became for row in rows}


async def _let_go(connection: AsyncConnection, generation: int, gone: Sequence[CustomerGone]) -> None:
    """Customers are few, and so are those that go."""
    await connection.execute(_ALONE, {"generation": generation})
    await fence(connection, generation)
    for house_id in sorted({customer.house_id for customer in gone}):
        of_house = {"generation": generation, "house_id": house_id}
        before = {row.customer_id: row.became for row in await connection.execute(_FATES_OF_HOUSE, of_house)}
        after: Mapping[str, str] = before
        for customer in gone:
            if customer.house_id == house_id:
                after = with_fate(after, customer)
        changed = {customer: became for customer, became in after.items() if before.get(customer) != became}
        if changed:
            parameters = {**of_house, "customer_ids": list(changed), "became": list(changed.values())}
            await connection.execute(_KEEP_FATES, parameters)
            await connection.execute(_MOVE, parameters)


SALES: Final = Projection(
    name="sales",
    topics=(ORDERS, CONSENTS),
    tables=(sales_minutes, sales_parts, sales_sums, sales_ledger, sales_orders, customer_fates),
    apply=apply,
)
