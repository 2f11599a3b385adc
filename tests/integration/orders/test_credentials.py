"""The caller's credential inside the orders service: which calls to neighbours carry it, and that nothing keeps it."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from balcon.orders.v1 import orders_service_pb2 as wire
from prometheus_client import generate_latest
from sqlalchemy import text

from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import ORDERS
from services.runtime.call_context import act_as
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing.servers import as_owner
from tests.integration.orders.conftest import CLOCK, IDS, Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of
from tests.integration.orders.trouble import refused
from tests.integration.runtime.checking import authorization, credential_of, written_log

OWN = "Bearer the-services-own"


async def sold(stage: Stage, subject: str) -> wire.Order:
    """An order from its hold to its tickets, each call of it with that credential."""
    orders = await stage.start()
    mine = authorization(subject)
    order = (await orders.CreateOrder(stage.create_request("A-1"), metadata=mine)).order
    await orders.CheckOut(check_out_request(order), metadata=mine)
    stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish()
    return (await orders.GetOrder(get_request(order), metadata=mine)).order


async def test_a_credential_given_to_orders_arrives_at_the_inventory(stage: Stage) -> None:
    await sold(stage, "person_1")
    assert set(stage.neighbours.checking.credentials("GetHold")) == {credential_of("person_1")}


async def test_what_the_saga_does_is_on_the_services_own_account(stage: Stage) -> None:
    act_as(lambda: OWN)
    assert (await sold(stage, "person_1")).state == wire.ORDER_STATE_CONFIRMED
    for method in ("ExecuteCommands", "CreatePayments"):
        assert set(stage.neighbours.checking.credentials(method)) == {OWN}, method


async def test_what_is_remembered_for_every_caller_is_not_asked_for_with_the_first_ones_credential(
    stage: Stage,
) -> None:
    act_as(lambda: OWN)
    await sold(stage, "person_1")
    for method in ("GetPerformance", "StreamSeatingPlan"):
        assert set(stage.neighbours.checking.credentials(method)) == {OWN}, method


async def test_no_row_no_event_no_log_line_no_error_and_no_metric_shows_a_credential(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with written_log() as lines:
        told = await refused_and_faulted(stage)
        order = await sold(stage, "person_1")
    assert order.state == wire.ORDER_STATE_CONFIRMED
    kept = {
        "events": await events_of(stage),
        "rows": await rows_of(stage),
        "log": lines.getvalue() + caplog.text,
        "errors": told,
        "metrics": generate_latest().decode(),
    }
    # Each of them is there, and was looked into.
    assert all(text_of in kept[name] for name, text_of in LOOKED_INTO.items())
    assert order.order_id in kept["rows"]
    assert [name for name, text_of in kept.items() if "person_1" in text_of] == []


async def refused_and_faulted(stage: Stage) -> str:
    """What the caller is told."""
    orders = await stage.start()
    told = ""
    for seat, trouble in (("A-2", refused("HOLD_NOT_FOUND")), ("A-3", RuntimeError("broken"))):
        # As often as it may be asked again.
        stage.neighbours.inventory_trouble.next = [trouble] * 1_000
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await orders.CreateOrder(stage.create_request(seat), metadata=authorization("person_1"))
        error = caught.value
        told += f"{error!r}{error.details()}{error.initial_metadata()}{error.trailing_metadata()}{refusal_of(error)}"
    stage.neighbours.inventory_trouble.next = []
    return told


LOOKED_INTO = {
    "events": "balcon.orders.v1.OrderConfirmed",
    "rows": "holder_1",
    "log": "call_broke",
    "errors": "ErrorInfo",
    "metrics": 'method="CreateOrder"',
}


async def events_of(stage: Stage) -> str:
    """All of the order's events: headers and payloads."""
    bus = open_bus(stage.settings["bus_url"], clock=CLOCK, ids=IDS, client_id="reader")
    reader = await bus.subscribe("reader", [ORDERS])
    told = ""
    async with asyncio.timeout(120):
        async for batch in reader.batches():
            told += "".join(f"{one.message}" for one in batch)
            if "OrderConfirmed" in told:
                break
    await reader.close()
    await bus.close()
    return told


async def rows_of(stage: Stage) -> str:
    """Every row of every table of the service."""
    engine = as_owner(stage.settings["database_url"])
    async with engine.connect() as connection:
        names = text(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_type = "
            "'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [str(name) for (name,) in await connection.execute(names)]
        found = [str(row) for table in tables for row in await connection.execute(text(f"SELECT * FROM {table}"))]
    await engine.dispose()
    return "\n".join(found)
