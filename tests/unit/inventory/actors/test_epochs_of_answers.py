"""Answers name the epoch that they were decided under, also where the owner was replaced while they were asked for."""

from __future__ import annotations

from typing import Any

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from services.inventory.api.command_stream import CommandStream
from services.inventory.api.inventory_servicer import InventoryServicer
from services.inventory.ports import WritesLost
from tests.unit.inventory.actors.faulty_stores import raises
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, virtual

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
NO_CONTEXT: Any = None


async def about_to_be_replaced(stage: Stage) -> Any:
    """A node whose owner loses its memory under the next append; the same node then takes the performance again."""
    node = stage.node()
    assert (await stage.owner(node)).epoch == 1
    stage.holds.steps.append(raises(WritesLost()))
    return node


@virtual
async def test_a_unary_answer_names_the_owner_that_decided_it() -> None:
    stage = Stage()
    node = await about_to_be_replaced(stage)
    refs = SeatRefs(plan_version=1, seat_ids=["s1"])
    request = pb.HoldSeatsRequest(key=KEY, hold_id="h1", holder_id="anna", seats=refs, channel=CHANNEL_ONLINE)
    answer = await InventoryServicer(node, stage.changer(node), stage.record, stage.clock).HoldSeats(
        request, NO_CONTEXT
    )
    assert answer.epoch == (await stage.owner(node)).epoch == 2


@virtual
async def test_an_answer_on_the_stream_names_the_owner_that_decided_it() -> None:
    stage = Stage()
    node = await about_to_be_replaced(stage)
    columns = pb.HoldColumns(
        hold_ids=["h1"], holder_ids=["anna"], seat_counts=[1], seat_indexes=[1], channel=CHANNEL_ONLINE
    )

    async def requests() -> Any:
        yield pb.ExecuteCommandsRequest(batch_id=1, key=KEY, plan_version=1, holds=columns)

    answers = [answer async for answer in CommandStream(node, stage.clock).serve(requests())]
    assert [answer.epoch for answer in answers if answer.batch_id] == [2]
