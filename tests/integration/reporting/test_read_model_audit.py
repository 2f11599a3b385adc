"""The audit of the read models (INV-5, INV-7): sound ones break nothing, and each way to break one is found."""

from __future__ import annotations

import pytest
from balcon.inventory.v1.allotments_pb2 import Allotment, AllotmentChanged, AllotmentCounts
from google.protobuf.message import Message as Protobuf
from sqlalchemy import text

from services.reporting.adapters.postgres_read_model_audit import PostgresReadModelAudit
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.reporting.figures_stage import (
    FiguresStage,
    figures_stage,
    line,
    part_refund,
    performance,
    refund,
    sale,
)
from tests.integration.reporting.sales_stage import HOUSE

SUMS = "reporting: sums equal the ledger they stand on"
MINUTES = "reporting: minutes equal the ledger they stand on"
PARTS = "reporting: price parts equal the ledger they stand on"
MOVED = "reporting: an order's movements leave what is left of it"
IN_PARTS = "reporting: every movement is the sum of its parts"
ALLOTTED = "reporting: allotments add up to what was handed out"
PARKED = "reporting: no key is parked"

# What is done to a sound record, and the checks that must notice.
BREAKS = [
    ("UPDATE sales_sums SET tickets_sold = tickets_sold + 1", {SUMS}),
    ("UPDATE sales_sums SET sold_minor = sold_minor + 1", {SUMS}),
    ("UPDATE sales_sums SET discount_minor = discount_minor + 1", {SUMS}),
    ("DELETE FROM sales_sums", {SUMS}),
    ("UPDATE sales_minutes SET back_minor = back_minor - 1", {MINUTES}),
    ("UPDATE sales_minutes SET tickets_back = tickets_back + 1", {MINUTES}),
    ("UPDATE sales_parts SET vat_minor = vat_minor + 1", {PARTS}),
    ("UPDATE sales_parts SET sold_minor = sold_minor + 1", {PARTS}),
    ("DELETE FROM sales_ledger WHERE order_id = 'o2' AND number > 0", {SUMS, MINUTES, PARTS, MOVED}),
    ("UPDATE sales_orders SET back_minor = 0 WHERE order_id = 'o3'", {MOVED}),
    ("UPDATE sales_orders SET refunded_at_ms = 1 WHERE order_id = 'o1'", {MOVED}),
    ("UPDATE sales_ledger SET part_amounts[1] = part_amounts[1] + 1 WHERE order_id = 'o1'", {IN_PARTS}),
    ("UPDATE sales_ledger SET part_vats[1] = part_vats[1] + 1 WHERE order_id = 'o1'", {IN_PARTS}),
    ("UPDATE allotment_facts SET open = open + 1", {ALLOTTED}),
    ("UPDATE allotment_facts SET is_closed = true", {ALLOTTED}),
    (
        "INSERT INTO inbox_sequence (consumer, source, topic, key, house_id, last_sequence, parked, parked_error)"
        " SELECT 'reporting-sales-' || generation, 's', 't', 'k', 'h', 0, true, 'E' FROM read_model_generations"
        " WHERE model = 'sales'",
        {PARKED},
    ),
]


def told() -> list[Protobuf]:
    counts = AllotmentCounts(handed_out=8, open=3, reported_sold=5)
    allotment = Allotment(house_id=HOUSE, performance_id="p1", allotment_id="a1", version=1, counts=counts)
    return [
        performance("p1"),
        sale("o1", "p1", "2027-01-04 10:00", line("s1"), line("s2", 1001)),
        sale("o2", "p1", "2027-01-04 10:00"),
        refund("o2", "p1", "2027-01-05 10:00"),
        sale("o3", "p1", "2027-01-04 10:00"),
        part_refund("o3", "p1", "2027-01-05 10:00", 333),
        AllotmentChanged(allotment=allotment),
    ]


async def broken(stage: FiguresStage) -> dict[str, list[str]]:
    checks = await PostgresReadModelAudit(stage.engine).checks("")
    # Settlements are no read model: there is none here.
    assert all(check.examined for check in checks if "key" not in check.name and check.invariant != "R3.21")
    return {check.name: list(check.violations) for check in checks if check.violations}


async def test_each_way_to_break_a_read_model_is_found_by_its_check(database_url: DatabaseUrl) -> None:
    async with figures_stage(database_url("reporting"), *told()) as stage:
        assert await broken(stage) == {}
        owner = as_owner(stage.engine)
        for statement, expected in BREAKS:
            async with owner.connect() as connection:
                tables = ("sales_sums", "sales_minutes", "sales_parts", "sales_ledger", "sales_orders")
                kept = (*tables, "allotment_facts", "inbox_sequence")
                for table in kept:
                    await connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
                await connection.execute(text(statement))
                await connection.commit()
                found = await broken(stage)
                for table in kept:
                    await connection.execute(text(f"DELETE FROM {table}"))
                    await connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))
                    await connection.execute(text(f"DROP TABLE kept_{table}"))
                await connection.commit()
            assert found.keys() == expected, statement
            assert all("p1" in row or "k: parked" in row for rows in found.values() for row in rows)
        assert await broken(stage) == {}


@pytest.mark.parametrize("performance_id", ["", "p1", "p2"])
async def test_the_ledger_is_told_performance_by_performance(database_url: DatabaseUrl, performance_id: str) -> None:
    async with figures_stage(database_url("reporting"), *told(), sale("o9", "p2", 5)) as stage:
        facts = [
            (fact.ledger.performance_id, fact.ledger.sold, fact.ledger.revenue.amount_minor, fact.ledger.house_id)
            async for page in PostgresReadModelAudit(stage.engine).facts(performance_id)
            for fact in page
            if fact.HasField("ledger")
        ]
        whole = [("p1", 3, 2650 + 1351 + 2650 - 333, HOUSE), ("p2", 1, 2650, HOUSE)]
        assert facts == [fact for fact in whole if performance_id in {"", fact[0]}]
