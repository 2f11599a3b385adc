"""Orders ask customers who buys, and keep an id: no name and no address of a new order is here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import grpc
import pytest
from balcon.customers.v1.customers_events_pb2 import CustomerErased, CustomersMerged
from balcon.orders.v1 import orders_service_pb2 as wire
from google.protobuf.message import Message
from sqlalchemy import text

from services.orders.adapters.grpc_customers import MOST_CALLS, GrpcCustomers
from services.orders.adapters.old_buyers import PostgresOldBuyers
from services.orders.handlers.old_buyers import carried_over
from services.orders.ports import Buyer, Tick
from services.runtime.bus.topics import CONSENTS
from services.runtime.errors import StoreUnavailable
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import as_owner
from tests.integration.orders.conftest import CLOCK, IDS, Stage
from tests.unit.orders.builders import HOUSE, SHOW, a_plan, an_offer

EVERY_HOUSE = text("SELECT set_config('balcon.all_houses', 'on', true)")


async def rows(stage: Stage, sql: str) -> list[tuple[object, ...]]:
    engine = as_owner(stage.settings["database_url"])
    async with engine.begin() as connection:
        await connection.execute(EVERY_HOUSE)
        result = await connection.execute(text(sql))
        found = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return found


async def refused(call: Awaitable[object]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    found = refusal_of(caught.value)
    return found.reason if found else caught.value.code().name


async def tell(stage: Stage, event: Message, customer_id: str, sequence: int) -> None:
    """An event of customers."""
    outgoing = OutgoingEvent(CONSENTS, customer_id, event.DESCRIPTOR.full_name, event.SerializeToString(), HOUSE)
    message = to_message(
        outgoing, event_id=IDS.new_id("evt"), source="balcon.customers", time_ms=CLOCK.now_ms(), sequence=sequence
    )
    await stage.neighbours.pass_on(message)


async def test_an_order_keeps_who_buys_as_an_id_and_no_name(stage: Stage) -> None:
    orders = await stage.start()
    made = (await orders.CreateOrder(stage.create_request("A-1"))).order
    assert made.customer_id == stage.neighbours.customers.by_email[HOUSE, "ada@example.org"]
    assert (await orders.GetOrder(wire.GetOrderRequest(house_id=HOUSE, order_id=made.order_id))).order == made
    assert await rows(stage, "SELECT customer_id, customer_name, customer_email FROM orders") == [
        (made.customer_id, "", "")
    ]
    [mine] = (await orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE, customer_id=made.customer_id))).orders
    assert mine.order_id == made.order_id
    assert not (await orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE, customer_id="cus_other"))).orders


async def test_a_customer_is_named_by_id_or_by_the_session_of_a_link(stage: Stage) -> None:
    orders = await stage.start()
    known = (await orders.CreateOrder(stage.create_request("A-1"))).order.customer_id
    by_id = stage.create_request("A-2", customer=None, customer_id=known)
    assert (await orders.CreateOrder(by_id)).order.customer_id == known
    stage.neighbours.customers.sessions["cs_open"] = known
    by_session = stage.create_request("A-3", customer=None, customer_session="cs_open")
    assert (await orders.CreateOrder(by_session)).order.customer_id == known
    unknown = stage.create_request("A-4", customer=None, customer_id="cus_nobody")
    assert await refused(orders.CreateOrder(unknown)) == "CUSTOMER_NOT_FOUND"
    over = stage.create_request("A-5", customer=None, customer_session="cs_over")
    assert await refused(orders.CreateOrder(over)) == "SESSION_OVER"
    nobody = stage.create_request("B-1", customer=None)
    assert await refused(orders.CreateOrder(nobody)) == "FIELD_INVALID"


async def test_without_customers_nothing_is_half_made_and_the_same_request_succeeds_later(stage: Stage) -> None:
    orders = await stage.start()
    request = stage.create_request("A-1", key="again")
    trouble = stage.neighbours.customers_trouble
    # More often than any caller tries again by itself.
    trouble.next += [StoreUnavailable()] * 50
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await orders.CreateOrder(request)
    told = refusal_of(caught.value)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert told is not None
    assert told.retry_after_ms
    assert not await rows(stage, "SELECT 1 FROM orders UNION ALL SELECT 1 FROM request_keys")
    trouble.next.clear()
    assert (await orders.CreateOrder(request)).order.customer_id


async def test_a_refused_order_writes_nobody_down(stage: Stage) -> None:
    orders = await stage.start()
    request = stage.create_request("A-1", holder_id="somebody_else")
    assert await refused(orders.CreateOrder(request)) == "HOLD_FOREIGN"
    assert not stage.neighbours.customers.asked


async def test_what_was_ticked_goes_with_the_order_and_nothing_else(stage: Stage) -> None:
    orders = await stage.start()
    ticked = stage.create_request("A-1")
    ticked.ticks.add(consent_id="cns_1", text_version=2)
    made = (await orders.CreateOrder(ticked)).order
    await orders.CreateOrder(stage.create_request("A-2"))
    assert stage.neighbours.customers.ticked == {made.order_id: (Tick("cns_1", 2),)}


async def test_many_buyers_of_one_moment_share_a_few_calls(stage: Stage) -> None:
    channel = open_channel(stage.neighbours.target, CLOCK)
    customers = GrpcCustomers(channel)
    asked = [customers.identify(HOUSE, f"ord_{n}", Buyer("Ada", f"p{n}@example.org")) for n in range(300)]
    told = await asyncio.gather(*asked)
    assert len(set(told)) == 300
    assert len(stage.neighbours.buyers.batches) <= MOST_CALLS + 3
    await channel.close()


async def test_old_orders_are_carried_over_once_and_lose_their_names(stage: Stage) -> None:
    orders = await stage.start()
    made = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await rows(stage, "UPDATE orders SET customer_id = '', customer_name = 'Eve', customer_email = 'eve@example.org'")
    engine = stage.running[0][0].sql()
    channel = open_channel(stage.neighbours.target, CLOCK)
    old, customers = PostgresOldBuyers(engine), GrpcCustomers(channel)
    assert [await carried_over(old, customers) for _ in range(2)] == [1, 0]
    eve = stage.neighbours.customers.by_email[HOUSE, "eve@example.org"]
    assert await rows(stage, "SELECT order_id, customer_id, customer_name, customer_email FROM orders") == [
        (made.order_id, eve, "", "")
    ]
    await channel.close()


async def test_a_customers_orders_are_all_of_theirs_only_once_no_old_one_of_the_house_waits(stage: Stage) -> None:
    orders = await stage.start()
    made = (await orders.CreateOrder(stage.create_request("A-1"))).order
    old = (await orders.CreateOrder(stage.create_request("A-2"))).order
    await rows(
        stage,
        "UPDATE orders SET customer_id = '', customer_name = 'Ada', customer_email = 'ada@example.org'"
        f" WHERE order_id = '{old.order_id}'",
    )

    async def told(house_id: str = HOUSE) -> tuple[bool, set[str]]:
        request = wire.ListOrdersRequest(house_id=house_id, customer_id=made.customer_id)
        answer = await orders.ListOrders(request)
        return answer.complete, {one.order_id for one in answer.orders}

    assert await told() == (False, {made.order_id})
    assert await told("house_b") == (True, set())
    channel = open_channel(stage.neighbours.target, CLOCK)
    carrying = PostgresOldBuyers(stage.running[0][0].sql()), GrpcCustomers(channel)
    assert await carried_over(*carrying) == 1
    assert await told() == (True, {made.order_id, old.order_id})
    await tell(stage, CustomerErased(house_id=HOUSE, customer_id=made.customer_id), made.customer_id, 1)

    async def is_erased() -> bool:
        return await told() == (True, set())

    await eventually(is_erased)
    # Nobody is left whom the loop could make anew.
    asked = stage.neighbours.customers.asked
    assert await carried_over(*carrying) == 0
    assert stage.neighbours.customers.asked == asked
    await channel.close()


async def test_who_was_erased_since_is_not_brought_back_by_a_process_that_carries_the_same_order_over(
    stage: Stage,
) -> None:
    orders = await stage.start()
    made = (await orders.CreateOrder(stage.create_request("A-1"))).order
    # Carried over by another process, and erased, between this one's question to customers and its writing.
    await rows(stage, "UPDATE orders SET customer_id = '', customer_name = '', customer_email = ''")
    await PostgresOldBuyers(stage.running[0][0].sql()).carried(HOUSE, {made.order_id: "cus_erased"})
    assert await rows(stage, "SELECT customer_id FROM orders") == [("",)]


async def test_orders_follow_a_customer_who_is_merged_and_name_nobody_who_is_erased(stage: Stage) -> None:
    orders = await stage.start()
    stage.neighbours.catalogue.put(HOUSE, replace(an_offer(), customer_limit=3), a_plan())
    made = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    stage.neighbours.customers.sessions["cs_stays"] = "cus_stays"
    await orders.CreateOrder(stage.create_request("A-3", customer=None, customer_session="cs_stays"))
    ref = wire.GetOrderRequest(house_id=HOUSE, order_id=made.order_id)
    merged = CustomersMerged(house_id=HOUSE, customer_id="cus_stays", merged_customer_id=made.customer_id)
    await tell(stage, merged, made.customer_id, 1)

    async def who_buys() -> str:
        return (await orders.GetOrder(ref)).order.customer_id

    async def is_merged() -> bool:
        return await who_buys() == "cus_stays"

    await eventually(is_merged)
    # What both had of what is limited is one count now.
    assert await rows(stage, "SELECT counted_id, used FROM counted_uses") == [(f"customer:cus_stays:{SHOW}", 3)]
    uses = "SELECT DISTINCT uses #>> '{0,0}' FROM orders"
    assert await rows(stage, uses) == [(f"customer:cus_stays:{SHOW}",)]
    one_more = stage.create_request("A-4", customer=None, customer_session="cs_stays")
    assert await refused(orders.CreateOrder(one_more)) == "CUSTOMER_LIMIT_REACHED"
    await tell(stage, CustomerErased(house_id=HOUSE, customer_id="cus_stays"), "cus_stays", 1)

    async def is_erased() -> bool:
        return await who_buys() == ""

    await eventually(is_erased)
