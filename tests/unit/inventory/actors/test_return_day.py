"""R1.6: what is due is proposed by every node that looks, to owners that live, sleep or died."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from services.inventory.actors import due_proposals
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.return_day import LOOK_SECONDS, ReturnDay
from services.inventory.adapters.memory_stores import MemoryDueReturns, MemoryPerformances
from services.inventory.domain import allotments as kinds
from services.inventory.domain import commands as c
from services.inventory.domain.allotments import Allotment, SeatsAsked
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.refusals import PerformanceNotFound
from services.inventory.ports import Performance, RecordRefused
from services.runtime.errors import Refusal, StoreUnavailable
from tests.unit.inventory.actors.faulty_stores import fails_before_the_write
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, crash, virtual


async def allot(stage: Stage, node: PerformanceHost, seconds: float, performance_id: str = NAME) -> None:
    """Three seats, one of them sold, due in so many seconds."""
    stage.performances.put(dataclasses.replace(stage.performance, performance_id=performance_id))
    commands: list[c.Command] = [
        c.AllotSeats(
            step_id="make",
            asked="",
            allotment_id="a1",
            kind=kinds.HARD,
            office_id="office_1",
            wanted=SeatsAsked((1, 2, 3)),
            return_due_at_ms=stage.clock.now_ms() + int(seconds * 1000),
        ),
        c.ReportSold(step_id="sold", asked="", allotment_id="a1", wanted=SeatsAsked((1,))),
    ]
    decided = await node.execute(HOUSE, performance_id, commands)
    assert not isinstance(decided, Refusal), decided
    assert all(isinstance(decision, Accepted) for decision in decided.decisions)


async def recorded(stage: Stage, performance_id: str = NAME) -> Allotment:
    owner = await stage.record.owner_of(performance_id)
    assert owner is not None
    (allotment,) = (await stage.record.load(performance_id, owner.epoch)).allotments
    return allotment


class Unlucky(MemoryPerformances):
    """Of two performances, a whole page of what is due first, nothing is told."""

    fault: type[Exception] = StoreUnavailable

    async def find(self, house_id: str, performance_id: str) -> Performance | PerformanceNotFound:
        if performance_id in {"perf_0", "perf_3"}:
            raise self.fault
        return await super().find(house_id, performance_id)


def day_of(stage: Stage, node: PerformanceHost) -> ReturnDay:
    return ReturnDay(node, MemoryDueReturns(stage.record, stage.performances, stage.clock), stage.clock)


@virtual
async def test_seats_go_back_within_a_look_of_their_time_and_not_before() -> None:
    stage = Stage()
    node = stage.node()
    await allot(stage, node, 60.0)
    looking = asyncio.create_task(day_of(stage, node).run())
    await stage.clock.sleep(59.9)
    assert (await recorded(stage)).open == (2, 3)
    await stage.clock.sleep(LOOK_SECONDS + 0.2)
    allotment = await recorded(stage)
    assert (allotment.open, allotment.sold, allotment.returned) == ((), (1,), 2)
    looking.cancel()


@virtual
async def test_an_owner_that_was_let_go_or_died_is_brought_up_for_it() -> None:
    for end in ("let go", "died"):
        stage = Stage()
        node = stage.node()
        await allot(stage, node, 60.0)
        if end == "let go":
            assert await node.let_go(NAME)
        else:
            crash(node)
            stage.alive.clear()
        await stage.clock.sleep(61.0)
        await day_of(stage, stage.node("node_b")).look()
        assert (await recorded(stage)).returned == 2, end


@virtual
async def test_what_another_node_owns_is_left_to_that_one() -> None:
    stage = Stage()
    owner, other = stage.node("node_a"), stage.node("node_b")
    await allot(stage, owner, 60.0)
    await stage.clock.sleep(61.0)
    await day_of(stage, other).look()
    assert (await recorded(stage)).returned == 0
    await day_of(stage, owner).look()
    assert (await recorded(stage)).returned == 2


@virtual
async def test_a_record_that_is_away_is_met_again_by_the_next_look() -> None:
    stage = Stage()
    node = stage.node()
    await allot(stage, node, 60.0)
    assert await node.let_go(NAME)
    await stage.clock.sleep(61.0)
    # Longer than anybody is patient with it.
    stage.claims.steps.extend([fails_before_the_write] * 1_000)
    day = day_of(stage, node)
    await day.look()
    assert (await recorded(stage)).returned == 0
    stage.claims.steps.clear()
    await stage.clock.sleep(LOOK_SECONDS)
    await day.look()
    assert (await recorded(stage)).returned == 2


@pytest.mark.parametrize("fault", [StoreUnavailable, RecordRefused, ValueError])
def test_more_than_a_page_is_due_and_a_page_that_cannot_be_read_is_in_nobodys_way(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    monkeypatch.setattr(due_proposals, "DUE_A_PAGE", 2)

    @virtual
    async def run() -> None:
        stage = Stage(capacity=10)
        node = stage.node()
        names = [f"perf_{number}" for number in range(7)]
        for number, name in enumerate(names):
            await allot(stage, node, 60.0 + number % 3, name)
        await node.hand_over()
        await stage.clock.sleep(70.0)
        found = [await stage.performances.find(HOUSE, name) for name in names]
        unlucky = Unlucky(*[each for each in found if isinstance(each, Performance)])
        unlucky.fault = fault
        await day_of(stage, stage.node("node_b", performances=unlucky)).look()
        assert [(await recorded(stage, name)).returned for name in names] == [0, 2, 2, 0, 2, 2, 2]

    run()
