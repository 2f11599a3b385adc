"""Orders's migrations: from empty to head, and head is what the code's tables say (style rule 14)."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.adapters.tables import metadata
from services.orders.domain.order import Money, Order, OrderLine, OrderPart, SeatName, SeatStatus
from services.orders.ports import OrderRef
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.migrations import config_for, upgrade
from services.runtime.testing.servers import DatabaseUrl, as_owner


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


async def test_empty_to_head_is_what_the_tables_say(database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade("orders", url)
    engine = as_owner(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


OF_BEFORE = """
INSERT INTO orders (order_id, house_id, performance_id, hold_id, holder_id, channel, plan_version, lines, seat_names,
                    total_minor, currency, created_at_ms, hold_until_ms, customer_name, customer_email, state, seats,
                    payment, pay_until_ms, return_url, payment_id, payment_url, refund_reason, confirmed_at_ms,
                    state_since_ms, step_failures, lease_token, lease_until_ms, refunded_minor, uses_hold)
VALUES (:order_id, 'house_a', 'perf_1', :order_id, 'holder_1', 'ONLINE', 3, '[["A-1", "stalls", "normal", 2500]]',
        CAST(:seat_names AS jsonb), 2500, 'EUR', 7, 8, 'Ada', 'ada@example.org', :state, :seats, 'CAPTURED', 0, '',
        'pay_1', '', :refund_reason, 5, 9, 0, '', 0, :refunded_minor, :uses_hold)
"""


def of_before(order_id: str, state: str, **columns: object) -> dict[str, object]:
    """A row as the release before parts and refunds writes it."""
    known = {"seats": "SOLD", "seat_names": None, "refund_reason": "", "refunded_minor": 0, "uses_hold": False}
    return {"order_id": order_id, "state": state, **known, **columns}


async def _up_to(engine: AsyncEngine, url: str, revision: str) -> None:
    def go(connection: Connection) -> None:
        config = config_for("orders", url)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.begin() as connection:
        await connection.run_sync(go)


async def _refunds(engine: AsyncEngine) -> dict[str, list[tuple[str, str, str, int]]]:
    found: dict[str, list[tuple[str, str, str, int]]] = {}
    query = text("SELECT order_id, refund_id, made_by, state, amount_minor FROM refunds ORDER BY order_id, place")
    async with engine.connect() as connection:
        for row in await connection.execute(query):
            found.setdefault(row[0], []).append((row[1], row[2], row[3], row[4]))
    return found


async def test_orders_that_are_there_become_orders_of_one_part_with_their_refunds(database_url: DatabaseUrl) -> None:
    url = database_url()
    engine = as_owner(url)
    await _up_to(engine, url, "0004")
    rows = [
        of_before("ord_open", "OPEN", seats="HELD", uses_hold=True, seat_names='[["Ground", "Row A", "1"]]'),
        of_before("ord_part", "CONFIRMED", refunded_minor=700),
        of_before("ord_due", "REFUND_DUE", refunded_minor=500, refund_reason="rain"),
        of_before("ord_house", "REFUNDED", refunded_minor=2_500, refund_reason="rain"),
        of_before("ord_there", "REFUNDED", refunded_minor=2_500, refund_reason="refunded at the provider"),
    ]
    async with engine.begin() as connection:
        await connection.execute(text(OF_BEFORE), rows)
    await _up_to(engine, url, "head")
    store = PostgresOrderStore(engine, SystemClock(), RandomIds(), committed=lambda: None)
    read = await store.get(OrderRef("house_a", "ord_open"))
    assert read is not None
    (part,) = read.parts
    line = OrderLine("A-1", "stalls", "normal", Money(2_500, "EUR"), SeatName("Ground", "Row A", "1"))
    assert part == OrderPart("perf_1", "ord_open", 3, (line,), 8)
    assert await _refunds(engine) == {
        "ord_due": [
            ("ord_due-provider-1", "PROVIDER", "DONE", 500),
            ("ord_due-refund", "HOUSE", "DUE", 2_000),
        ],
        "ord_house": [("ord_house-refund", "HOUSE", "DONE", 2_500)],
        "ord_part": [("ord_part-provider-1", "PROVIDER", "DONE", 700)],
        "ord_there": [("ord_there-provider-1", "PROVIDER", "DONE", 2_500)],
    }
    await engine.dispose()


async def test_what_a_process_of_the_release_before_writes_is_seen_by_this_one(database_url: DatabaseUrl) -> None:
    engine = as_owner(database_url("orders"))
    store = PostgresOrderStore(engine, SystemClock(), RandomIds(), committed=lambda: None)
    ref = OrderRef("house_a", "ord_1")

    async def written(statement: str, **values: object) -> Order:
        async with engine.begin() as connection:
            await connection.execute(text(statement), values)
        read = await store.get(ref)
        assert read is not None
        return read

    added = await written(OF_BEFORE, **of_before("ord_1", "OPEN", seats="HELD", uses_hold=True))
    assert (added.first.seats, added.first.hold_until_ms) == (SeatStatus.HELD, 8)
    moved = await written("UPDATE orders SET seats = 'SOLD', state = 'CONFIRMED', hold_until_ms = 9, uses_hold = false")
    assert (moved.first.seats, moved.first.hold_until_ms) == (SeatStatus.SOLD, 9)
    parted = await written("UPDATE orders SET refunded_minor = 700")
    assert [refund.amount_minor for refund in parted.refunds] == [700]
    ended = await written("UPDATE orders SET refunded_minor = 2500, state = 'REFUNDED', refund_reason = 'rain'")
    assert [(refund.refund_id, refund.amount_minor) for refund in ended.refunds] == [
        ("ord_1-provider-1", 700),
        ("ord_1-refund", 1_800),
    ]
    await engine.dispose()


async def test_head_can_be_taken_back(database_url: DatabaseUrl) -> None:
    url = database_url("orders")
    engine = as_owner(url)
    async with engine.begin() as connection:

        def take_back(connection: Connection) -> None:
            config = config_for("orders", url)
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        await connection.run_sync(take_back)
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert set(names) <= {"alembic_version"}
    await engine.dispose()
