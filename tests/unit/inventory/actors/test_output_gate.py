"""INV-2, RULE 11: nothing is told before the stores have it, and what was told outlives the owner."""

from __future__ import annotations

import asyncio

import pytest

from services.inventory.domain.decisions import Accepted
from services.inventory.domain.seat_state import CLAIMED, FREE, HELD
from services.inventory.ports import HoldWrites
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate
from tests.unit.inventory.actors.stage import Stage, ask, crash, done, virtual
from tests.unit.inventory.builders import claim, hold


@virtual
async def test_no_hold_is_told_before_the_store_has_acknowledged_it() -> None:
    stage = Stage()
    actor = await stage.owner(stage.node())
    gate = Gate()
    stage.holds.steps.append(gate)
    answers = [actor.submit([hold(f"h{number}", number, holder=f"b{number}")], None) for number in range(5)]
    await gate.reached.wait()
    await stage.clock.sleep(1)
    for answer in answers:
        assert not isinstance(answer, Overloaded)
        assert not answer.done()
    assert actor.feed.statuses[0] == FREE
    assert actor.feed.flush() is False
    gate.open()
    for answer in answers:
        assert not isinstance(answer, Overloaded)
        decisions = await answer
        assert not isinstance(decisions, Overloaded)
        assert isinstance(decisions[0], Accepted)
    assert actor.feed.statuses[0] == HELD


@virtual
async def test_no_claim_is_told_before_the_record_has_acknowledged_it() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    gate = Gate(after_the_write=True)
    stage.claims.steps.append(gate)
    claiming = asyncio.create_task(ask(node, claim("o1", "h1", 1)))
    await gate.reached.wait()
    await stage.clock.sleep(1)
    assert not claiming.done()
    assert (await stage.owner(node)).feed.statuses[1] == HELD
    gate.open()
    await claiming
    assert (await stage.owner(node)).feed.statuses[1] == CLAIMED


@virtual
async def test_a_claim_is_told_as_soon_as_the_record_has_it_and_its_hold_is_forgotten_after() -> None:
    """The record wins over whatever the holds' store still has (RULE 7): nobody need wait for that."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    gate = Gate()
    stage.holds.steps.append(gate)
    await done(node, claim("o1", "h1", 1))
    await gate.reached.wait()
    assert stage.holds.sent[-1].content == HoldWrites([], ["h1"])
    gate.open()
    await done(node, hold("h2", 2))
    assert await stage.holds_in_store() == {"h2"}


@virtual
async def test_a_refusal_that_rests_on_an_unacknowledged_hold_waits_with_it() -> None:
    """It would tell of a hold that a crash could still forget."""
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    first = asyncio.create_task(ask(node, hold("h1", 1)))
    second = asyncio.create_task(ask(node, hold("h2", 1, holder="bert")))
    await gate.reached.wait()
    await stage.clock.sleep(1)
    assert not first.done()
    assert not second.done()
    gate.open()
    await asyncio.gather(first, second)


@pytest.mark.parametrize(
    ("store", "after_the_write", "claimed"),
    [("record", False, False), ("record", True, True), ("holds", False, True), ("holds", True, True)],
)
@virtual
async def test_a_crash_at_any_point_of_a_claim_keeps_what_was_told(
    store: str, after_the_write: bool, claimed: bool
) -> None:
    """Before the record is written the hold stands, after it the claim does; only then the caller hears of it."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1), hold("h2", 2))
    gate = Gate(after_the_write=after_the_write)
    (stage.claims if store == "record" else stage.holds).steps.append(gate)
    actor = await stage.owner(node)
    answer = actor.submit([claim("o1", "h1", 1)], None)
    assert not isinstance(answer, Overloaded)
    await gate.reached.wait()
    crash(node)
    stage.alive.discard("node_a")
    await asyncio.wait([answer])
    assert (answer.exception() is None) == (store == "holds")
    successor = await stage.owner(stage.node("node_b"))
    assert successor.seat_map.status(1) == (CLAIMED if claimed else HELD)
    assert (successor.seat_map.hold("h1") is None) == claimed
    assert successor.seat_map.hold("h2") is not None


@pytest.mark.parametrize("after_the_write", [False, True])
@virtual
async def test_a_crash_around_the_append_of_holds_keeps_every_acknowledged_one(after_the_write: bool) -> None:
    stage = Stage()
    node = stage.node("node_a")
    for number in range(20):
        await done(node, hold(f"h{number}", number, holder=f"b{number}"))
    gate = Gate(after_the_write=after_the_write)
    stage.holds.steps.append(gate)
    asking = asyncio.create_task(ask(node, hold("late", 500)))
    await gate.reached.wait()
    stage.alive.discard("node_a")
    crash(node)
    with pytest.raises(Exception, match=r"lease|owns"):
        await asking
    successor = await stage.owner(stage.node("node_b"))
    assert {f"h{number}" for number in range(20)} <= successor.seat_map.holds.keys()
    assert ("late" in successor.seat_map.holds) == after_the_write
