"""Two processes over one database carry nothing twice; one dead or slow target costs the others nothing."""

from __future__ import annotations

import asyncio

from services.runtime.outbound.port import CarrierLimits, Later, Target
from services.runtime.outbound.target_run import RunLimits
from services.runtime.testing.eventually import eventually
from tests.integration.outbound.stage import HOUSE, Stage, dispatch

TARGETS = [Target(HOUSE, f"trk_{number}") for number in range(6)]
DEAD = Target(HOUSE, "trk_dead")
EACH = 10


async def fill(stage: Stage, *targets: Target) -> None:
    await stage.put(*[dispatch(f"{number}", target) for target in targets for number in range(EACH)])


async def heard_by_the_others(stage: Stage) -> None:
    for target in TARGETS:
        assert len(stage.company.keys(target)) == EACH, target
        assert await stage.is_settled(target)


async def test_two_processes_carry_each_dispatch_once_and_no_target_at_the_same_time(stage: Stage) -> None:
    stage.company.limits = CarrierLimits(batch=2, at_once=1)
    async with stage.running(stage.sender(), stage.sender()):
        await fill(stage, *TARGETS)
        await eventually(lambda: heard_by_the_others(stage))
    assert stage.company.twice_at_once == []
    assert max(stage.company.most_at_once.values()) == 1
    assert len(set(stage.company.heard)) == len(stage.company.heard)


async def test_a_process_that_dies_leaves_its_targets_to_another_when_its_lease_is_over(stage: Stage) -> None:
    hold = stage.company.holds[DEAD] = asyncio.Event()
    await stage.put(dispatch("a", DEAD))
    async with stage.running(stage.sender()):
        await eventually(lambda: len(stage.company.heard) == 1)
    hold.set()
    assert await stage.carry() == []
    stage.move(31)
    assert await stage.carry() == ["a"]


async def test_a_dead_target_takes_few_calls_and_the_others_get_what_they_get_without_it(stage: Stage) -> None:
    stage.company.always[DEAD] = lambda _: Later("no answer", is_uncertain=True)
    await fill(stage, DEAD, *TARGETS)
    await stage.carry(targets_at_once=2)
    await heard_by_the_others(stage)
    assert len(stage.company.calls) <= len(TARGETS) * EACH + 5


async def test_targets_that_never_answer_leave_their_places_to_others(stage: Stage) -> None:
    for number in range(4):
        stage.company.holds[Target(HOUSE, f"trk_slow_{number}")] = asyncio.Event()
    async with stage.running(stage.sender(targets_at_once=2, slow_seconds=0.02)):
        await fill(stage, *stage.company.holds)
        await eventually(lambda: len(stage.company.heard) == 4)
        await fill(stage, *TARGETS)
        await eventually(lambda: heard_by_the_others(stage))
        for hold in stage.company.holds.values():
            hold.set()
        await eventually(lambda: len(stage.company.heard) == (4 + len(TARGETS)) * EACH)


async def test_without_places_of_their_own_slow_targets_keep_the_others_waiting(stage: Stage) -> None:
    """The negative control of the test before."""
    stage.company.holds[DEAD] = asyncio.Event()
    async with stage.running(stage.sender(targets_at_once=1, slow_seconds=0.02, slow_at_once=0)):
        await stage.put(dispatch("a", DEAD))
        await eventually(lambda: len(stage.company.heard) == 1)
        await fill(stage, *TARGETS)
        for _ in range(20):
            await stage.rows("SELECT 1")
        assert len(stage.company.heard) == 1
        stage.company.holds[DEAD].set()
        await eventually(lambda: heard_by_the_others(stage))


async def test_a_long_call_keeps_its_lease(stage: Stage) -> None:
    hold = stage.company.holds[DEAD] = asyncio.Event()
    limits = RunLimits(lease_seconds=0.3, margin_seconds=0.1)
    async with stage.running(stage.sender(run=limits)):
        await stage.put(dispatch("a", DEAD))
        await eventually(lambda: len(stage.company.heard) == 1)
        first = (await stage.target(DEAD)).leased_until_ms

        async def is_renewed() -> bool:
            return bool((await stage.target(DEAD)).leased_until_ms > first)

        await eventually(is_renewed)
        hold.set()
        await eventually(lambda: stage.is_settled(DEAD))
