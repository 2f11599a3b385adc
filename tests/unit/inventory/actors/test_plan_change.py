"""The owner takes its performance over to another plan between two commands: no hold slips in, no index lies."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from services.contracts.plan_changes import PlanInUse, PlanNotNewer
from services.inventory.actors.host import Decided, PerformanceHost
from services.inventory.actors.performance_actor import OwnerGone, RecordSilent
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.adapters.memory_stores import MemoryPerformances, MemoryPlans
from services.inventory.domain import commands as c
from services.inventory.domain.plan_adoption import GONE, SeatMoves
from services.inventory.domain.refusals import PlanVersionMismatch, SeatingPlanNotFound
from services.inventory.domain.seat_state import BLOCKED, FREE, HELD, SOLD
from services.inventory.ports import Fenced, Performance, SeatPlan, WritesLost
from services.runtime.errors import Refusal
from tests.unit.inventory.actors.faulty_stores import loses_the_reply
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, done, virtual
from tests.unit.inventory.builders import claim, hold

OLD = ["a", "b", "c", "d", "e"]
# b is gone; x and y are new; all after them move.
NEW = SeatPlan.of(2, ["a", "x", "y", "c", "d", "e"])


def a_stage() -> Stage:
    stage = Stage()
    stage.performances.put(dataclasses.replace(stage.performance, plan=SeatPlan.of(1, OLD)))
    return stage


async def seats(stage: Stage, node: PerformanceHost) -> dict[str, int]:
    actor = await stage.owner(node)
    return dict(zip(actor.performance.plan.seat_ids, actor.seat_map.statuses, strict=True))


@virtual
async def test_seats_that_stay_keep_their_sale_and_their_block_under_new_indexes() -> None:
    stage = a_stage()
    node = stage.node()
    await done(node, hold("h1", 2), claim("o1", "h1", 2), c.ConfirmClaim("o1"), c.BlockSeats((4,), "camera"))
    assert await stage.changer(node, NEW).adopt(HOUSE, NAME, 2, []) == 2
    assert await seats(stage, node) == {"a": FREE, "x": FREE, "y": FREE, "c": SOLD, "d": FREE, "e": BLOCKED}
    actor = await stage.owner(node)
    assert actor.seat_map.claims["o1"].seats == (3,)
    await done(node, c.CancelSale("o1"), hold("h2", 3))


@virtual
async def test_what_stands_in_the_way_is_named_and_the_sale_goes_on_undisturbed() -> None:
    stage = a_stage()
    node = stage.node()
    await done(node, hold("h1", 1), hold("h2", 3))
    before = await stage.owner(node)
    refused = await stage.changer(node, NEW).adopt(HOUSE, NAME, 2, ["a"])
    assert refused == PlanInUse(2, held=("b", "d"), claimed=(), sold=(), blocked=())
    assert await stage.owner(node) is before
    await done(node, c.ReleaseHold("h1", "anna"), c.ReleaseHold("h2", "anna"))
    assert await stage.changer(node, NEW).adopt(HOUSE, NAME, 2, ["a"]) == 2


@virtual
async def test_what_is_held_and_keeps_its_index_stays_held() -> None:
    stage = a_stage()
    node = stage.node()
    await done(node, hold("h1", 0))
    assert await stage.changer(node, NEW).adopt(HOUSE, NAME, 2, []) == 2
    assert (await seats(stage, node))["a"] == HELD
    await done(node, claim("o1", "h1", 0))


@virtual
async def test_repeating_it_changes_nothing_and_going_back_is_refused() -> None:
    stage = a_stage()
    node = stage.node()
    changer = stage.changer(node, NEW, SeatPlan.of(1, OLD))
    assert await changer.adopt(HOUSE, NAME, 2, []) == 2
    before = await stage.owner(node)
    assert await changer.adopt(HOUSE, NAME, 2, []) == 2
    assert await stage.owner(node) is before
    assert await changer.adopt(HOUSE, NAME, 1, []) == PlanNotNewer(2, 1)
    assert await changer.adopt(HOUSE, NAME, 9, []) == SeatingPlanNotFound(9)


async def race(*, says_its_plan: bool, at: int) -> tuple[int | Refusal, Decided | Refusal, set[str]]:
    """A change of the plan, and a hold of seat c by its index in the old one that sets out some steps later. Which
    seats are held then.
    """
    stage = a_stage()
    node = stage.node()
    await stage.owner(node)
    change = asyncio.create_task(stage.changer(node, NEW).adopt(HOUSE, NAME, 2, []))
    for _ in range(at):
        await stage.clock.sleep(0)
    held = await node.execute(HOUSE, NAME, [hold("h1", 2)], plan_version=1 if says_its_plan else 0)
    changed = await change
    return changed, held, {seat_id for seat_id, status in (await seats(stage, node)).items() if status == HELD}


@virtual
async def test_a_hold_against_the_change_has_the_seat_that_it_named_or_none() -> None:
    """Whichever comes first. Index 2 is seat c in the old plan and seat y in the new one."""
    outcomes = set()
    for at in range(40):
        changed, held, found = await race(says_its_plan=True, at=at)
        if isinstance(held, PlanVersionMismatch):
            assert (changed, found) == (2, set())
        else:
            assert not isinstance(held, Refusal)
            assert isinstance(changed, PlanInUse)
            assert (changed.held, found) == (("c",), {"c"})
        outcomes.add(type(held))
    assert outcomes == {PlanVersionMismatch, Decided}


@virtual
async def test_a_hold_that_does_not_say_its_plan_gets_another_seat_than_it_named() -> None:
    """The negative control: without the comparison the race is lost, and this rig sees it."""
    wrong = 0
    for at in range(40):
        changed, held, found = await race(says_its_plan=False, at=at)
        wrong += changed == 2 and not isinstance(held, Refusal) and found == {"y"}
    assert wrong > 0


@virtual
async def test_another_owner_in_between_fences_the_change() -> None:
    stage = a_stage()
    node, other = stage.node("node_a"), stage.node("node_b")
    actor = await stage.owner(node)
    stage.alive.discard("node_a")
    assert (await stage.owner(other)).epoch > actor.epoch
    stage.alive.add("node_a")
    await done(other, hold("h1", 1))
    plans = MemoryPlans(stage.record, stage.performances, NEW)
    with pytest.raises(Fenced):
        await plans.adopt(actor.performance, actor.epoch, 2, SeatMoves((0, GONE, 3, 4, 5)))
    assert (await seats(stage, other))["b"] == HELD


@virtual
async def test_an_owner_that_read_the_plan_before_the_change_does_not_come_up_with_it() -> None:
    """It reads the performance, the plan changes, it takes the epoch: the record says whose indexes it has."""
    stage = a_stage()
    node = stage.node()
    await stage.owner(node)
    stale = MemoryPerformances(dataclasses.replace(stage.performance, plan=SeatPlan.of(1, OLD)))
    assert await stage.changer(node, NEW).adopt(HOUSE, NAME, 2, []) == 2
    await node.let_go(NAME)
    with pytest.raises(OwnerGone):
        await stage.node("node_b", performances=stale).owner(HOUSE, NAME)
    stage.alive.discard("node_b")
    await done(node, hold("h1", 1))
    assert (await seats(stage, node))["x"] == HELD


@virtual
async def test_a_claim_that_is_not_known_yet_is_never_overlooked() -> None:
    """Money that came late claims b, which the new plan has not; the record has it, and nobody heard of that."""
    stage = a_stage()
    node = stage.node()
    stage.claims.steps.extend([loses_the_reply] * 1_000)
    with pytest.raises(RecordSilent):
        await node.execute(HOUSE, NAME, [claim("late", "", 1)])
    refused = await stage.changer(node, NEW).adopt(HOUSE, NAME, 2, [])
    assert refused == PlanInUse(2, held=(), claimed=("b",), sold=(), blocked=())


@virtual
async def test_an_owner_whose_last_turn_broke_is_not_believed() -> None:
    """Its map says that b is free, and the holds' store never heard of it."""
    stage = a_stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    reached, on = asyncio.Event(), asyncio.Event()

    async def breaks(_: object) -> None:
        reached.set()
        await on.wait()
        raise WritesLost

    stage.holds.steps.append(breaks)
    release = asyncio.create_task(node.execute(HOUSE, NAME, [c.ReleaseHold("h1", "anna")]))
    await reached.wait()
    change = asyncio.create_task(stage.changer(node, NEW).adopt(HOUSE, NAME, 2, []))
    await stage.clock.sleep(1)
    # Whoever asked has gone, and does not ask again.
    release.cancel()
    on.set()
    assert await change == PlanInUse(2, held=("b",), claimed=(), sold=(), blocked=())


class SlowPlans(MemoryPlans):
    """Takes its time to write."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.record, stage.performances, NEW)
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def adopt(self, performance: Performance, epoch: int, plan_version: int, moves: SeatMoves) -> None:
        self.reached.set()
        await self.open.wait()
        await super().adopt(performance, epoch, plan_version, moves)


@virtual
async def test_who_comes_while_the_change_is_written_waits_for_it_and_fences_nobody() -> None:
    stage = a_stage()
    node, plans = stage.node(), SlowPlans(stage)
    first = await stage.owner(node)
    change = asyncio.create_task(PlanChanger(node, plans, plans, stage.clock).adopt(HOUSE, NAME, 2, []))
    await plans.reached.wait()
    asking = asyncio.create_task(node.execute(HOUSE, NAME, [hold("h1", 1)], plan_version=2))
    await stage.clock.sleep(5)
    assert not asking.done()
    plans.open.set()
    assert await change == 2
    assert isinstance(await asking, Decided)
    assert (await seats(stage, node))["x"] == HELD
    # One epoch ended by the change, one taken after it: nobody took one in between.
    assert (await stage.owner(node)).epoch == first.epoch + 2
