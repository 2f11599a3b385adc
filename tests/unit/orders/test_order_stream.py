"""Commands of the stream pass the gate of the call of their name, for whom they name, in the time they have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE

from services.contracts.access import roles_with
from services.contracts.wire_types import wire_principal
from services.orders.api.order_stream import MOST_COMMANDS, UNDER_WAY, OrderStream
from services.runtime.call_context import CallContext, current_call, enter_call
from services.runtime.clock import SystemClock
from services.runtime.errors import StoreUnavailable
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind, PrincipalRef
from services.runtime.rpc.errors import Refused

CLOCK, IDS = SystemClock(), RandomIds()
BUYER = wire_principal(PrincipalRef(PrincipalKind.BUYER, "holder_1"))


class Desk:
    """Answers every command with an order that tells for whom it was."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def call(self, request: Any, context: Any) -> Any:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.gate.wait()
        self.under_way -= 1
        if request.house_id == "broken":
            raise StoreUnavailable
        call = current_call()
        assert call is not None
        assert call.principal is not None
        told = f"{call.principal.acts_for.kind.value}/{call.principal.acts_for.subject}"
        return wire.GetOrderResponse(order=wire.Order(holder_id=told, order_id="late" if call.deadline else ""))


def served(desk: Desk, *messages: Sequence[wire.OrderCommand]) -> AsyncIterator[wire.ExecuteOrdersResponse]:
    call = CallContext({}, None, IDS)
    call.principal = Principal(PrincipalKind.SERVICE, "shop")
    enter_call(call)

    async def requests() -> AsyncIterator[wire.ExecuteOrdersRequest]:
        for commands in messages:
            yield wire.ExecuteOrdersRequest(commands=commands)

    calls = dict.fromkeys(("create", "check_out", "cancel", "get"), desk.call)
    return OrderStream(calls, roles_with, CLOCK, IDS).serve(requests())


async def answers(*commands: wire.OrderCommand) -> dict[int, wire.OrderAnswer]:
    return {one.command_id: one async for told in served(Desk(), commands) for one in told.answers}


async def test_a_buyer_acts_for_itself_and_buys_online() -> None:
    mine = wire.CreateOrderRequest(holder_id="holder_1", channel=CHANNEL_ONLINE)
    till = wire.CreateOrderRequest(holder_id="holder_1", channel=CHANNEL_BOX_OFFICE)
    told = await answers(
        wire.OrderCommand(command_id=1, create=mine, on_behalf_of=BUYER),
        wire.OrderCommand(command_id=2, create=wire.CreateOrderRequest(holder_id="another"), on_behalf_of=BUYER),
        wire.OrderCommand(command_id=3, create=till, on_behalf_of=BUYER),
        wire.OrderCommand(command_id=4, create=till),
    )
    assert told[1].order.holder_id == "BUYER/holder_1"
    assert told[2].refused.reason == "HOLDER_FOREIGN"
    assert told[4].order.holder_id == "SERVICE/shop"


async def test_a_command_has_the_time_that_it_says() -> None:
    get = wire.GetOrderRequest(house_id="house_a")
    told = await answers(
        wire.OrderCommand(command_id=1, get=get), wire.OrderCommand(command_id=2, get=get, timeout_ms=50)
    )
    assert [told[number].order.order_id for number in (1, 2)] == ["", "late"]


async def test_a_fault_of_one_command_is_its_own_answer() -> None:
    told = await answers(
        wire.OrderCommand(command_id=1, get=wire.GetOrderRequest(house_id="broken")),
        wire.OrderCommand(command_id=2, get=wire.GetOrderRequest(house_id="house_a")),
    )
    assert told[1].refused.code == 14
    assert told[1].refused.retry_after_ms
    assert told[2].HasField("order")


async def test_no_more_is_read_than_may_be_under_way() -> None:
    desk = Desk()
    desk.gate.clear()
    get = wire.GetOrderRequest(house_id="house_a")
    messages = [
        [wire.OrderCommand(command_id=first * MOST_COMMANDS + one + 1, get=get) for one in range(MOST_COMMANDS)]
        for first in range(UNDER_WAY // MOST_COMMANDS + 2)
    ]

    async def all_told() -> int:
        return sum([len(told.answers) async for told in served(desk, *messages)])

    counting = asyncio.create_task(all_told())
    for _ in range(2 * UNDER_WAY):
        await asyncio.sleep(0)  # noqa: TID251 (turns of the loop, no time)
    assert desk.most == UNDER_WAY
    desk.gate.set()
    assert await counting == sum(map(len, messages))
    assert desk.most == UNDER_WAY


async def test_a_message_of_too_many_ends_the_stream() -> None:
    get = wire.GetOrderRequest(house_id="house_a")
    many = [wire.OrderCommand(command_id=one + 1, get=get) for one in range(MOST_COMMANDS + 1)]
    with pytest.raises(Refused):
        _ = [told async for told in served(Desk(), many)]
