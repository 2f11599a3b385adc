"""The batched way in: many commands a message, answers by id, refusals as values, and a buyer's own orders only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.principal_pb2 import PrincipalRef as WirePrincipal

from services.contracts.order_stream import OrderCommands, OrderRequest, OrdersUnanswered
from services.contracts.reasons import Reason
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.rpc.client import open_channel
from tests.integration.orders.conftest import CLOCK, Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of

BUYER = PrincipalRef(PrincipalKind.BUYER, "holder_1")
ANOTHER = PrincipalRef(PrincipalKind.BUYER, "somebody_else")


@pytest.fixture
async def commands(stage: Stage) -> AsyncIterator[OrderCommands]:
    """Of a web process beside a running orders."""
    await stage.start()
    channel = open_channel(f"127.0.0.1:{stage.running[0][0].rpc.port}", CLOCK)
    commands = OrderCommands(channel)
    yield commands
    await commands.close()
    await channel.close()


def ordered(answer: wire.Order | wire.OrderRefused) -> wire.Order:
    assert isinstance(answer, wire.Order), answer
    return answer


async def test_orders_are_bought_from_the_hold_to_the_tickets(stage: Stage, commands: OrderCommands) -> None:
    async def bought(seat: str) -> wire.Order:
        created = ordered(await commands.ask(stage.create_request(seat, key=f"o-{seat}"), on_behalf_of=BUYER))
        out = ordered(await commands.ask(check_out_request(created), on_behalf_of=BUYER))
        assert out.payment_url
        stage.neighbours.payments.pay(payment_of(stage.neighbours, created.order_id))
        await stage.neighbours.publish()
        return ordered(await commands.ask(get_request(created), on_behalf_of=BUYER, timeout_seconds=30.0))

    done = await asyncio.gather(*(bought(seat) for seat in ("A-1", "A-2", "A-3")))
    assert [order.state for order in done] == [wire.ORDER_STATE_CONFIRMED] * 3


async def test_a_buyer_makes_and_finds_its_own_orders_only(stage: Stage, commands: OrderCommands) -> None:
    mine = ordered(await commands.ask(stage.create_request("A-1"), on_behalf_of=BUYER))
    asked: list[OrderRequest] = [get_request(mine), check_out_request(mine)]
    for request in asked:
        refused = await commands.ask(request, on_behalf_of=ANOTHER)
        assert isinstance(refused, wire.OrderRefused)
        assert refused.reason == Reason.ORDER_NOT_FOUND
    assert ordered(await commands.ask(get_request(mine))).order_id == mine.order_id, "on the service's own account"


async def test_what_is_wrong_with_one_command_is_its_own_answer(stage: Stage, commands: OrderCommands) -> None:
    bad, good = await asyncio.gather(
        commands.ask(wire.GetOrderRequest(house_id="house_a")), commands.ask(stage.create_request("A-1"))
    )
    assert isinstance(bad, wire.OrderRefused)
    assert (bad.reason, bad.code) == (Reason.FIELD_INVALID, grpc.StatusCode.INVALID_ARGUMENT.value[0])
    assert ordered(good).state == wire.ORDER_STATE_OPEN


async def test_a_command_without_a_command_is_refused_by_its_id(stage: Stage) -> None:
    orders = await stage.start()
    stream = orders.ExecuteOrders()
    named = WirePrincipal()
    empty = [wire.OrderCommand(command_id=7, on_behalf_of=named), wire.OrderCommand()]
    await stream.write(wire.ExecuteOrdersRequest(commands=empty))
    told: dict[int, str] = {}
    async for response in stream:
        told |= {one.command_id: one.refused.reason for one in response.answers}
        if len(told) == len(empty):
            break
    assert told == {7: Reason.FIELD_INVALID, 0: Reason.FIELD_INVALID}
    stream.cancel()


async def test_who_asks_when_the_service_is_gone_hears_that_nobody_knows(stage: Stage, commands: OrderCommands) -> None:
    mine = ordered(await commands.ask(stage.create_request("A-1")))
    await stage.stop_all()
    with pytest.raises(OrdersUnanswered):
        await commands.ask(get_request(mine), timeout_seconds=0.5)
