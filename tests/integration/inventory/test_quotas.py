"""Quotas (R4) on a real node: what a refusal tells on both ways, who may overbook, figures asked for and watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import msgspec
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.quotas_pb2 import SALE_PHASE_DAY, SALE_PHASE_PRESALE
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SeatRefs

from services.contracts.quotas import HOUR_MS, QuotaPercentages, SalePhase
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.domain.records import HoldRules, QuotaTerms
from services.runtime.clock import SystemClock
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

NAME = "perf_1"
KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
NOON = (SystemClock().now_ms() // HOUR_MS + 24) * HOUR_MS
ASSIGNED = frozenset({("normal", CHANNEL_ONLINE, SalePhase.PRESALE), ("normal", CHANNEL_BOX_OFFICE, SalePhase.PRESALE)})
QUOTA = QuotaTerms("quo_1", "All", 5, (), (), NOON, 2, QuotaPercentages(online_presale=60), ASSIGNED)
RULES = HoldRules(True, 10, 600_000, quotas=(QUOTA,), terms_version=7)


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    shows = MemoryPerformances(performance(NAME, rules=RULES))
    async with running_node(redis_url, emptied_database_url("inventory"), shows) as running:
        yield running


def hold(name: str, *seats: int, channel: Any = CHANNEL_ONLINE, types: tuple[str, ...] = ()) -> pb.HoldSeatsRequest:
    refs = SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{seat}" for seat in seats])
    return pb.HoldSeatsRequest(key=KEY, hold_id=name, holder_id="anna", seats=refs, channel=channel, ticket_types=types)


def overbook(name: str, *seats: int, channel: Any = CHANNEL_BOX_OFFICE) -> pb.OverbookSeatsRequest:
    asked = hold(name, *seats, channel=channel)
    return pb.OverbookSeatsRequest.FromString(asked.SerializeToString())


async def refused(call: Any) -> RemoteRefusal:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None
    return refusal


async def test_a_refusal_says_what_is_left_and_when_more_opens_on_both_ways(node: Node) -> None:
    told = await refused(node.stub.HoldSeats(hold("h1", 0, 1, 2, 3)))
    expected = {
        "quota": "quo_1", "quota_name": "All", "channel": "2", "phase": "PRESALE", "asked": "4", "cap": "3",
        "used": "0", "available": "3", "terms_version": "7", "categories": "",
    }  # fmt: skip
    facts = dict(told.facts)
    opens_more_at = facts.pop("opens_more_at")
    assert (told.reason, facts) == ("QUOTA_REACHED", expected)
    assert opens_more_at.endswith(":00:00Z")
    columns = pb.HoldColumns(
        hold_ids=["h1"], holder_ids=["anna"], seat_counts=[4], seat_indexes=[0, 1, 2, 3], channel=CHANNEL_ONLINE
    )
    message = pb.ExecuteCommandsRequest(batch_id=1, key=KEY, plan_version=PLAN_VERSION, holds=columns)
    answers = [answer async for answer in node.stub.ExecuteCommands(iter([message])) if answer.batch_id]
    (no,) = answers[0].refused
    assert (no.reason, dict(no.metadata)) == ("QUOTA_REACHED", expected | {"opens_more_at": opens_more_at})


async def test_r4_7_ticket_types_are_told_in_the_order_in_which_seats_are_named(node: Node) -> None:
    no = await refused(node.stub.HoldSeats(hold("h1", 2, 1, types=("child", "normal"))))
    assert (no.reason, no.facts["ticket_type"], no.facts["phase"]) == ("TICKET_TYPE_NOT_ASSIGNED", "child", "PRESALE")
    await node.stub.HoldSeats(hold("h1", 2, 1, types=("normal", "normal")))
    uneven = await refused(node.stub.HoldSeats(hold("h2", 3, 4, types=("normal",))))
    assert uneven.facts["field"] == "ticket_types"


async def test_r4_12_the_house_overbooks_and_no_other_channel_can(node: Node) -> None:
    await node.stub.HoldSeats(hold("h1", 0, 1, 2))
    assert (
        await refused(node.stub.HoldSeats(hold("h2", 3, 4, 5, channel=CHANNEL_BOX_OFFICE)))
    ).reason == "QUOTA_REACHED"
    await node.stub.OverbookSeats(overbook("h2", 3, 4, 5))
    assert (await refused(node.stub.OverbookSeats(overbook("h3", 5)))).reason == "SEATS_TAKEN"
    online = await refused(node.stub.OverbookSeats(overbook("h3", 6, channel=CHANNEL_ONLINE)))
    assert (online.facts["field"], online.facts["problem"]) == ("channel", "is ONLINE")


async def test_figures_tell_what_a_channel_may_still_sell_and_why(node: Node) -> None:
    await node.stub.HoldSeats(hold("h1", 0, 1))
    told = await node.stub.GetQuotaFigures(pb.GetQuotaFiguresRequest(key=KEY))
    (figures,) = told.quotas
    assert (told.terms_version, figures.name, figures.size, figures.held, figures.sold) == (7, "All", 5, 2, 0)
    assert (figures.phase, figures.day_sale_from_at.seconds * 1000) == (SALE_PHASE_PRESALE, NOON - 2 * HOUR_MS)
    assert [(one.channel, one.cap, one.available, one.day_cap) for one in figures.channels] == [
        (1, 5, 3, 5), (2, 3, 1, 5), (3, 3, 1, 5),
    ]  # fmt: skip


async def test_who_watches_figures_hears_of_sales_of_new_terms_and_of_the_time(node: Node) -> None:
    watch = node.stub.WatchQuotaFigures(pb.WatchQuotaFiguresRequest(key=KEY))
    first = await watch.read()
    assert isinstance(first, pb.WatchQuotaFiguresResponse)
    assert (first.quotas[0].held, first.quotas[0].channels[1].available) == (0, 3)
    (actor,) = node.host.actors
    await node.stub.HoldSeats(hold("h1", 0))
    actor.flush()
    after_a_hold = await watch.read()
    assert isinstance(after_a_hold, pb.WatchQuotaFiguresResponse)
    assert (after_a_hold.quotas[0].held, after_a_hold.quotas[0].channels[1].available) == (1, 2)
    actor.flush()
    by_day = msgspec.structs.replace(QUOTA, anchor_ms=HOUR_MS)
    actor.propose_terms(msgspec.structs.replace(RULES, quotas=(by_day,), terms_version=8))
    await node.stub.HoldSeats(hold("h2", 1))
    actor.flush()
    later = await watch.read()
    assert isinstance(later, pb.WatchQuotaFiguresResponse)
    assert (later.terms_version, later.quotas[0].phase, later.quotas[0].held) == (8, SALE_PHASE_DAY, 2)
    watch.cancel()
