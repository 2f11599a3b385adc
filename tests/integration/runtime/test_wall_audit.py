"""INV-8 on a running database: the audit finds a wall with a hole and rows on the wrong side of it, and names them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.postgres_audit import REFERENCES
from services.inventory.adapters.tables import performance, seat_claim
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.adapters.tables import metadata
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.sql.wall_audit import Reference, look_at_wall
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.unit.orders.builders import NOW_MS, a_key, an_order

ROLE = "the service's role cannot get round the policies"
POLICIES = "every table of houses' rows has its policy"
REACHED = "no scope reaches a row of another house"
REFERRED = "what a row refers to is its own house's"

MINE = an_order()
THEIRS = an_order(order_id="ord_2", house_id="house_b")


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    """Over a database with an order each of two houses."""
    engine = create_engine(database_url("orders"), application="test")
    store = PostgresOrderStore(engine, SystemClock(), RandomIds(), committed=lambda: None)
    for order in (MINE, THEIRS):
        key = replace(a_key(f"key_{order.order_id}"), house_id=order.house_id)
        assert await store.add(order, key, NOW_MS) is None
    yield engine
    await engine.dispose()


async def damaged(engine: AsyncEngine, *statements: str) -> None:
    """Behind the service's back."""
    async with as_owner(engine).begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def found(engine: AsyncEngine, references: Sequence[Reference] = ()) -> dict[str, list[str]]:
    """What is wrong, by the check that says so."""
    checks = await look_at_wall(engine, references)
    return {check.name: list(check.violations) for check in checks if check.violations}


async def test_a_whole_wall_is_looked_at_everywhere_and_nothing_is_found(engine: AsyncEngine) -> None:
    checks = {check.name: check for check in await look_at_wall(engine)}
    assert [check.violations for check in checks.values()] == [[]] * 4
    tables = checks[POLICIES].examined
    assert tables == len([table for table in metadata.sorted_tables if "house_id" in table.c])
    # The scope of nobody at each table, and both houses' where they have rows.
    assert checks[REACHED].examined >= tables + 2 * len(["orders", "order_parts", "outbox", "request_keys"])
    # Parts, refunds and tickets refer to their order.
    assert checks[REFERRED].examined >= 3


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DROP POLICY of_scope ON tickets", "tickets: its policy of_scope is not there or says something else"),
        ("ALTER TABLE tickets DISABLE ROW LEVEL SECURITY", "tickets: row-level security is off"),
        ("ALTER TABLE tickets NO FORCE ROW LEVEL SECURITY", "tickets: row-level security is off"),
        ("CREATE POLICY open ON tickets FOR SELECT USING (true)", "tickets: a policy too many, open"),
        ("CREATE TABLE later (house_id text NOT NULL)", "later: row-level security is off"),
    ],
)
async def test_a_table_without_its_policy_is_named(engine: AsyncEngine, damage: str, said: str) -> None:
    await damaged(engine, damage)
    assert said in (await found(engine))[POLICIES]


@pytest.mark.parametrize(
    "damage",
    ["CREATE POLICY open ON orders USING (true)", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"],
)
async def test_a_row_that_another_scope_reaches_is_named(engine: AsyncEngine, damage: str) -> None:
    await damaged(engine, damage)
    reached = (await found(engine))[REACHED]
    assert f"orders: {THEIRS.order_id} is reached in the scope of {MINE.house_id}, whose it is not" in reached
    assert f"orders: {MINE.order_id} is reached in the scope of {THEIRS.house_id}, whose it is not" in reached
    assert any("in the scope of no house has this id" in row for row in reached)


async def test_a_row_that_was_moved_to_another_house_is_named(engine: AsyncEngine) -> None:
    await damaged(engine, f"UPDATE orders SET house_id = 'house_c' WHERE order_id = '{MINE.order_id}'")
    (moved,) = (await found(engine))[REFERRED]
    place = f"{MINE.order_id} {MINE.first.performance_id}"
    assert moved == f"order_parts: {place} is of {MINE.house_id}, but what it is about in orders is of house_c"


async def test_a_role_that_could_get_round_is_named(engine: AsyncEngine) -> None:
    owner = create_engine(as_owner(engine).url.render_as_string(hide_password=False), application="test")
    assert (await found(owner))[ROLE] == ["role postgres: it is a superuser"]
    await owner.dispose()


async def test_a_claim_of_another_houses_performance_is_named(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("inventory"), application="test")
    rules = {"on_sale": True, "seats_per_holder": 10, "hold_ttl_seconds": 600, "hall_id": "hall_1", "plan_version": 1}
    claim = {"hold_id": "h", "holder_id": "h", "channel": 1, "state": "sold", "epoch": 1, "plan_version": 1}
    async with as_owner(engine).begin() as connection:
        await connection.execute(insert(performance).values(performance_id="p1", house_id="house_a", **rules))
        for number, house_id in enumerate(("house_a", "house_b")):
            seat = {"order_id": f"o{number}", "seat_index": number, "seat_id": f"s{number}"}
            await connection.execute(insert(seat_claim).values(performance_id="p1", house_id=house_id, **seat, **claim))
    assert await found(engine, REFERENCES) == {
        REFERRED: ["seat_claim: p1 o1 1 is of house_b, but what it is about in performance is of house_a"]
    }
    await engine.dispose()
