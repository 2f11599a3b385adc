"""RULE 16, INV-6: the timer proposes, the stored deadline decides, and no clock of a store can end a hold early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.inventory.actors.expiries import AGAIN_MS
from services.inventory.actors.host import EXPIRY_TICK_SECONDS, PerformanceHost
from services.inventory.actors.mailbox import WORK_COMMANDS
from services.inventory.domain import commands as c
from services.inventory.domain.refusals import HoldEnded, HoldExpired
from services.inventory.domain.seat_state import CLAIMED, FREE, HELD
from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate, fails_before_the_write
from tests.unit.inventory.actors.stage import RULES, Stage, ask, crash, done, virtual
from tests.unit.inventory.builders import claim, hold

END_SECONDS = (RULES.ttl_ms + RULES.grace_ms) / 1000


class WallClock(LoopClock):
    """A server's clock that somebody steps."""

    stepped_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.stepped_ms


@asynccontextmanager
async def keeping_time(node: PerformanceHost) -> AsyncIterator[None]:
    """The node's expiry loop runs."""
    loop = asyncio.create_task(node.keep_time())
    try:
        yield
    finally:
        loop.cancel()


async def seconds_until_free(stage: Stage, node: PerformanceHost, seat: int) -> float:
    """How long from now until the seat is free, to a hundredth of a second."""
    started = stage.clock.monotonic()
    while (await stage.owner(node)).seat_map.status(seat) != FREE:
        await stage.clock.sleep(0.01)
    return stage.clock.monotonic() - started


@virtual
async def test_a_hold_ends_after_its_time_and_grace_not_before_and_in_the_store_too() -> None:
    stage = Stage()
    node = stage.node()
    async with keeping_time(node):
        await done(node, hold("h1", 1, 2))
        assert END_SECONDS <= await seconds_until_free(stage, node, 1) <= END_SECONDS + 2 * EXPIRY_TICK_SECONDS
    assert await stage.holds_in_store() == set()
    assert await ask(node, c.ExtendHold("h1", "anna")) == [HoldEnded("h1")]


@virtual
async def test_an_expiry_is_told_to_nobody_before_the_store_has_it() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    gate = Gate()
    stage.holds.steps.append(gate)
    async with keeping_time(node):
        await gate.reached.wait()
        await stage.clock.sleep(5)
        assert (await stage.owner(node)).feed.statuses[1] == HELD
        gate.open()
        await seconds_until_free(stage, node, 1)


@virtual
async def test_an_extension_moves_the_end_and_the_cap_is_never_passed() -> None:
    stage = Stage()
    node = stage.node()
    async with keeping_time(node):
        await done(node, hold("h1", 1))
        for _ in range(20):
            await stage.clock.sleep(20)
            (decision,) = await ask(node, c.ExtendHold("h1", "anna"))
            if isinstance(decision, HoldEnded | HoldExpired):
                break
            assert (await stage.owner(node)).seat_map.status(1) == HELD
        await seconds_until_free(stage, node, 1)
    cap_seconds = RULES.cap_ms / 1000
    assert cap_seconds - 20 <= stage.clock.monotonic() <= cap_seconds + 40


@pytest.mark.parametrize("step_hours", [1, -1, 24, -24])
@virtual
async def test_a_step_of_the_stores_wall_clock_neither_ends_nor_lengthens_a_hold(step_hours: int) -> None:
    wall_clock = WallClock()
    stage = Stage(store_clock=wall_clock)
    node = stage.node()
    async with keeping_time(node):
        await done(node, hold("h1", 1))
        await stage.clock.sleep(10)
        wall_clock.stepped_ms = step_hours * 3_600_000
        await done(node, hold("h2", 2))
        assert END_SECONDS - 10 <= await seconds_until_free(stage, node, 1) <= END_SECONDS - 9
        assert 9 <= await seconds_until_free(stage, node, 2) <= 11


@virtual
async def test_a_hold_whose_end_came_while_nobody_owned_it_is_ended_by_the_next_owner() -> None:
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1), hold("h2", 2))
    await stage.clock.sleep(END_SECONDS - 5)
    await done(node, c.ExtendHold("h2", "anna"))
    crash(node)
    stage.alive.discard("node_a")
    await stage.clock.sleep(10)
    successor = stage.node("node_b")
    async with keeping_time(successor):
        assert (await stage.owner(successor)).seat_map.status(1) == HELD
        assert await ask(successor, claim("o1", "h1", 1)) != []
        assert await seconds_until_free(stage, successor, 1) < 1
        assert (await stage.owner(successor)).seat_map.status(2) == HELD


@virtual
async def test_an_expired_hold_that_is_still_in_memory_can_no_longer_be_claimed() -> None:
    """RULE 17: the check of the end and the claim are one decision."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    await stage.clock.sleep(END_SECONDS - 0.001)
    (last_moment,) = await ask(node, c.ExtendHold("h1", "bert"))
    assert type(last_moment).__name__ == "HoldForeign"
    await stage.clock.sleep(0.001)
    (late,) = await ask(node, claim("o1", "h1", 1))
    assert isinstance(late, HoldExpired)
    assert await stage.orders_in_record() == set()


@virtual
async def test_a_claim_never_expires() -> None:
    stage = Stage()
    node = stage.node()
    async with keeping_time(node):
        await done(node, hold("h1", 1), claim("o1", "h1", 1))
        await stage.clock.sleep(2 * 3_600)
        assert (await stage.owner(node)).seat_map.status(1) == CLAIMED


@virtual
async def test_expiry_goes_on_after_the_store_was_away() -> None:
    stage = Stage()
    node = stage.node()
    async with keeping_time(node):
        await done(node, *(hold(f"h{number}", number, holder=f"b{number}") for number in range(100)))
        stage.holds.steps.extend([fails_before_the_write] * 200)
        await stage.clock.sleep(END_SECONDS + 6)
        assert node.actors == []
        stage.holds.steps.clear()
        assert await seconds_until_free(stage, node, 99) < 2
    assert await stage.holds_in_store() == set()


@virtual
async def test_an_expiry_that_found_the_mailbox_full_is_proposed_again() -> None:
    """A busy owner must not keep seats for ever: nothing else looks at their hold again."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), hold("h2", 2))
    actor = await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    held_up = asyncio.create_task(ask(node, c.ReleaseHold("h2", "anna")))
    await gate.reached.wait()
    full = [c.ReadHold("h9")] * WORK_COMMANDS
    waiting = []
    while not isinstance(answer := actor.submit(full, None), Overloaded):
        waiting.append(answer)
    await stage.clock.sleep(END_SECONDS + 1)
    async with keeping_time(node):
        await stage.clock.sleep(3 * EXPIRY_TICK_SECONDS)
        assert isinstance(actor.submit(full, None), Overloaded)
        assert actor.seat_map.status(1) == HELD
        gate.open()
        await asyncio.gather(held_up, *waiting)
        assert actor.seat_map.status(1) == HELD
        assert await seconds_until_free(stage, node, 1) <= AGAIN_MS / 1000 + 2 * EXPIRY_TICK_SECONDS
    assert await stage.owner(node) is actor
