"""One contract for the Ticketing in memory and the service with a database behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.orders.adapters.grpc_ticketing import GrpcTicketing
from services.orders.adapters.memory_ticketing import MemoryTicketing
from services.orders.domain.order import Order, OrderState, Ticket
from services.orders.ports import Declined, Ticketing
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.orders.stored import CLOCK
from tests.integration.ticketing.stage import running_ticketing
from tests.unit.orders.builders import an_order


@pytest.fixture(params=["memory", "service"])
async def ticketing(request: pytest.FixtureRequest, database_url: DatabaseUrl) -> AsyncIterator[Ticketing]:
    """With no tickets."""
    if request.param == "memory":
        yield MemoryTicketing(RandomIds())
        return
    async with running_ticketing(database_url("ticketing"), database_url()) as running:
        channel = open_channel(f"127.0.0.1:{running.service.rpc.port}", CLOCK)
        yield GrpcTicketing(channel)
        await channel.close()


def paid(order_id: str = "ord_1", seats: tuple[str, ...] = ("A-2", "A-1")) -> Order:
    return replace(an_order(order_id=order_id, seats=seats), state=OrderState.PAID, state_since_ms=CLOCK.now_ms())


def issued(answer: tuple[Ticket, ...] | Declined) -> tuple[Ticket, ...]:
    assert not isinstance(answer, Declined), answer
    return answer


async def test_each_line_has_a_ticket_in_the_lines_order(ticketing: Ticketing) -> None:
    tickets = issued(await ticketing.issue(paid()))
    assert [ticket.seat_id for ticket in tickets] == ["A-2", "A-1"]
    assert len({ticket.barcode for ticket in tickets} | {ticket.ticket_id for ticket in tickets}) == 4


async def test_the_same_order_has_the_same_tickets_again(ticketing: Ticketing) -> None:
    answers = await asyncio.gather(*(ticketing.issue(paid()) for _ in range(4)))
    assert len(set(map(issued, answers))) == 1


async def test_each_part_of_an_order_has_its_own(ticketing: Ticketing) -> None:
    order = paid()
    other = replace(order.first, performance_id="perf_other")
    tickets = issued(await ticketing.issue(replace(order, parts=(order.first, other))))
    assert [ticket.seat_id for ticket in tickets] == ["A-2", "A-1"] * 2
    assert len({ticket.barcode for ticket in tickets}) == 4
