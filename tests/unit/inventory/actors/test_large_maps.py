"""The seat map of a large plan: whole while every client takes that, in parts of any size."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.contracts.bounds import MAX_ANSWER_BYTES, PART_BYTES
from services.inventory.api.inventory_servicer import InventoryServicer
from services.inventory.ports import SeatPlan
from services.runtime.errors import AnswerTooLarge
from services.runtime.rpc.errors import Refused
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, done, virtual
from tests.unit.inventory.builders import hold

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
NO_CONTEXT: Any = None


async def servicer_of(seats: int) -> InventoryServicer:
    """Of a plan with the longest ids, its second seat held."""
    stage = Stage()
    plan = SeatPlan.of(1, [f"{number:064}" for number in range(seats)])
    stage.performances.put(dataclasses.replace(stage.performance, plan=plan))
    node = stage.node()
    await done(node, hold("h1", 1))
    return InventoryServicer(node, stage.changer(node), stage.record, stage.clock)


async def parts_of(servicer: InventoryServicer) -> list[pb.StreamSeatMapResponse]:
    return [part async for part in servicer.StreamSeatMap(pb.StreamSeatMapRequest(key=KEY), NO_CONTEXT)]


@virtual
async def test_parts_merged_are_the_whole_map() -> None:
    servicer = await servicer_of(20_000)
    whole = await servicer.GetSeatMap(pb.GetSeatMapRequest(key=KEY, with_seat_ids=True), NO_CONTEXT)
    parts = await parts_of(servicer)
    assert len(parts) > 2
    merged = pb.StreamSeatMapResponse()
    for part in parts:
        merged.MergeFrom(part)
    assert merged.SerializeToString(deterministic=True) == whole.SerializeToString(deterministic=True)


@virtual
async def test_a_map_that_not_every_client_takes_is_refused_whole_and_given_in_parts() -> None:
    servicer = await servicer_of(70_000)
    with pytest.raises(Refused) as caught:
        await servicer.GetSeatMap(pb.GetSeatMapRequest(key=KEY, with_seat_ids=True), NO_CONTEXT)
    refusal = caught.value.refusal
    assert isinstance(refusal, AnswerTooLarge)
    assert refusal.size > refusal.limit == MAX_ANSWER_BYTES
    parts = await parts_of(servicer)
    assert sum(len(part.seat_ids) for part in parts) == len(parts[0].seat_states) == 70_000
    assert max(part.ByteSize() for part in parts) <= PART_BYTES
    assert parts[0].counts.held == 1


@virtual
async def test_without_ids_the_largest_map_is_one_small_message() -> None:
    servicer = await servicer_of(100_000)
    answer = await servicer.GetSeatMap(pb.GetSeatMapRequest(key=KEY), NO_CONTEXT)
    assert (len(answer.seat_states), answer.counts.capacity) == (100_000, 100_000)
