"""A living owner takes over changed rules: between two turns, never inside one, and for the holds that live already."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from services.inventory.actors.host import RULES_TICK_SECONDS, PerformanceHost
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import NotOnSale
from services.inventory.domain.seat_state import FREE, HELD
from tests.unit.inventory.actors.faulty_stores import Gate
from tests.unit.inventory.actors.stage import RULES, Stage, ask, done, virtual
from tests.unit.inventory.builders import hold

CLOSED = msgspec.structs.replace(RULES, on_sale=False)


def change(stage: Stage, rules: HoldRules) -> None:
    """As the catalogue's event does it."""
    stage.performances.put(dataclasses.replace(stage.performance, rules=rules))


@asynccontextmanager
async def kept_fresh(node: PerformanceHost) -> AsyncIterator[None]:
    """The node's loops for rules and expiries run."""
    loops = [
        asyncio.create_task(loop()) for loop in (node.keep_rules_fresh, node.take_over_what_is_heard, node.keep_time)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()


@virtual
async def test_a_living_owner_takes_over_changed_rules() -> None:
    stage = Stage()
    node = stage.node()
    owner = await stage.owner(node)
    async with kept_fresh(node):
        await done(node, hold("h1", 1))
        change(stage, CLOSED)
        await stage.clock.sleep(2 * RULES_TICK_SECONDS)
        assert await ask(node, hold("h2", 2)) == [NotOnSale()]
    assert await stage.owner(node) is owner


@virtual
async def test_what_was_heard_is_taken_over_at_once() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    async with kept_fresh(node):
        await done(node, hold("h1", 1))
        change(stage, CLOSED)
        node.rules_came()
        await stage.clock.sleep(RULES_TICK_SECONDS / 10)
        assert await ask(node, hold("h2", 2)) == [NotOnSale()]


@virtual
async def test_rules_wait_for_the_end_of_the_turn_that_is_under_way() -> None:
    stage = Stage()
    node = stage.node()
    owner = await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    async with kept_fresh(node):
        asked = asyncio.create_task(ask(node, hold("h1", 1)))
        await gate.reached.wait()
        change(stage, CLOSED)
        await stage.clock.sleep(2 * RULES_TICK_SECONDS)
        assert owner.seat_map.rules == RULES
        gate.open()
        (decision,) = await asked
        assert isinstance(decision, Accepted)
        assert await ask(node, hold("h2", 2)) == [NotOnSale()]
    assert owner.seat_map.rules == CLOSED


@virtual
async def test_rules_that_stay_are_proposed_to_nobody() -> None:
    stage = Stage()
    node = stage.node()
    async with kept_fresh(node):
        await done(node, hold("h1", 1))
        owner = await stage.owner(node)
        used = owner.last_used
        await stage.clock.sleep(5 * RULES_TICK_SECONDS)
        assert owner.last_used == used


@virtual
async def test_a_longer_grace_is_given_to_holds_that_live_already_and_they_still_end() -> None:
    stage = Stage()
    node = stage.node()
    owner = await stage.owner(node)
    async with kept_fresh(node):
        await done(node, hold("h1", 1))
        change(stage, msgspec.structs.replace(RULES, grace_ms=RULES.grace_ms + 20_000))
        await stage.clock.sleep((RULES.ttl_ms + RULES.grace_ms) / 1000 + 15)
        assert owner.seat_map.status(1) == HELD
        await stage.clock.sleep(10)
        assert owner.seat_map.status(1) == FREE


@virtual
async def test_a_shorter_grace_ends_them_sooner() -> None:
    stage = Stage()
    node = stage.node()
    owner = await stage.owner(node)
    async with kept_fresh(node):
        await done(node, hold("h1", 1))
        change(stage, msgspec.structs.replace(RULES, grace_ms=0))
        await stage.clock.sleep(RULES.ttl_ms / 1000 + 2)
        assert owner.seat_map.status(1) == FREE
