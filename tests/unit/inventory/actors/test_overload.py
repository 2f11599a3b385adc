"""RULES 19 to 21: bounded mailboxes, late work dropped before the store sees it, releases and claims before holds."""

from __future__ import annotations

import asyncio

from services.inventory.actors.mailbox import HOLD_LANE_COMMANDS, TURN_COMMANDS, URGENT_LANE_COMMANDS
from services.inventory.actors.wait_cap import TURNS
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.refusals import DeadlinePassed
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate, Sent, slow
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, ask, done, virtual
from tests.unit.inventory.builders import claim, hold


def held_in(sent: list[Sent]) -> set[str]:
    """Ids of the holds that any of the appends put."""
    return {put.hold_id for each in sent for put in each.content.put}  # type: ignore[union-attr]


@virtual
async def test_work_whose_deadline_has_passed_never_reaches_the_store() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    first = asyncio.create_task(ask(node, hold("h1", 1)))
    await gate.reached.wait()
    soon = stage.clock.monotonic() + 0.05
    late = asyncio.create_task(ask(node, hold("h2", 2), hold("h3", 3), deadline=soon))
    in_time = asyncio.create_task(ask(node, hold("h4", 4), deadline=soon + 1))
    await stage.clock.sleep(0.06)
    gate.open()
    assert isinstance((await first)[0], Accepted)
    assert await late == [DeadlinePassed(), DeadlinePassed()]
    assert isinstance((await in_time)[0], Accepted)
    assert held_in(stage.holds.sent) == {"h1", "h4"}


@virtual
async def test_work_whose_caller_has_gone_never_reaches_the_store() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    first = asyncio.create_task(ask(node, hold("h1", 1)))
    await gate.reached.wait()
    gone = asyncio.create_task(ask(node, hold("h2", 2)))
    stays = asyncio.create_task(ask(node, hold("h3", 3)))
    await stage.clock.sleep(0.01)
    gone.cancel()
    gate.open()
    await asyncio.gather(first, stays)
    assert held_in(stage.holds.sent) == {"h1", "h3"}
    assert (await stage.owner(node)).seat_map.hold("h2") is None


@virtual
async def test_a_caller_that_leaves_while_its_batch_is_written_changes_nothing_for_others() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    leaves = asyncio.create_task(ask(node, hold("h1", 1)))
    await gate.reached.wait()
    leaves.cancel()
    stays = asyncio.create_task(ask(node, hold("h2", 2)))
    gate.open()
    await stays
    assert await stage.holds_in_store() == {"h1", "h2"}
    assert (await stage.owner(node)).epoch == 1


@virtual
async def test_releases_and_claims_outrank_the_holds_that_waited_before_them() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("mine", 1_000), hold("paid", 1_001))
    actor = await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    first = asyncio.create_task(ask(node, hold("first", 1_002)))
    await gate.reached.wait()
    flood = [actor.submit([hold(f"h{n}", n, holder=f"b{n}")], None) for n in range(4 * TURN_COMMANDS)]
    urgent = asyncio.gather(ask(node, c.ReleaseHold("mine", "anna")), ask(node, claim("o1", "paid", 1_001)))
    await stage.clock.sleep(0)
    last = Gate(after_the_write=True)
    stage.holds.steps.append(last)
    gate.open()
    await last.reached.wait()
    # The very next append carries the release, which takes its room from the holds, and the claim is not behind it.
    assert set(stage.holds.sent[-1].content.ended) == {"mine"}  # type: ignore[union-attr]
    assert len(stage.holds.sent[-1].content.put) == TURN_COMMANDS - 1  # type: ignore[union-attr]
    assert [len(sent.content) for sent in stage.claims.sent] == [1]  # type: ignore[arg-type]
    last.open()
    await asyncio.gather(first, urgent)
    assert len(flood) == 4 * TURN_COMMANDS


@virtual
async def test_a_full_lane_refuses_new_holds_and_urgent_work_still_gets_in() -> None:
    stage = Stage(capacity=10_000)
    node = stage.node()
    await done(node, hold("mine", 9_000))
    actor = await stage.owner(node)
    gate = Gate()
    stage.holds.steps.append(gate)
    first = asyncio.create_task(ask(node, hold("first", 9_001)))
    await gate.reached.wait()
    answers = [
        actor.submit([hold(f"h{n}", n, holder=f"b{n}")], stage.clock.monotonic())
        for n in range(HOLD_LANE_COMMANDS + 50)
    ]
    assert [isinstance(answer, Overloaded) for answer in answers] == [False] * HOLD_LANE_COMMANDS + [True] * 50
    refused = await node.execute(HOUSE, NAME, [hold("late", 5_000)])
    assert isinstance(refused, Overloaded)
    assert refused.retry_after_ms > 0
    released = asyncio.create_task(ask(node, c.ReleaseHold("mine", "anna")))
    gate.open()
    assert isinstance((await released)[0], Accepted)
    await first


@virtual
async def test_the_urgent_lane_is_bounded_too() -> None:
    stage = Stage()
    actor = await stage.owner(stage.node())
    answers = [actor.submit([c.CancelClaim(f"o{n}")] * 128, None) for n in range(URGENT_LANE_COMMANDS // 128 + 3)]
    assert [isinstance(answer, Overloaded) for answer in answers[-4:]] == [False, True, True, True]
    await asyncio.gather(*(answer for answer in answers if not isinstance(answer, Overloaded)))


@virtual
async def test_holds_that_waited_too_long_are_sent_back_and_urgent_work_never_is() -> None:
    """RULE 20: what cannot be served soon is told so while it still matters, and the store never sees it."""
    stage = Stage(capacity=20_000)
    node = stage.node()
    await done(node, hold("mine", 19_500))
    actor = await stage.owner(node)
    stage.holds.steps.extend(slow(stage.clock, 0.1) for _ in range(40))
    answers = [actor.submit([hold(f"h{n}", n, holder=f"b{n}")], None) for n in range(HOLD_LANE_COMMANDS)]
    await stage.clock.sleep(0.35)
    urgent = asyncio.create_task(ask(node, claim("o1", "mine", 19_500)))
    outcomes = [await answer for answer in answers if not isinstance(answer, Overloaded)]
    await urgent
    served = {f"h{number}" for number, outcome in enumerate(outcomes) if not isinstance(outcome, Overloaded)}
    assert TURN_COMMANDS <= len(served) <= (TURNS + 3) * TURN_COMMANDS < HOLD_LANE_COMMANDS
    assert held_in(stage.holds.sent) == served | {"mine"}
    assert await stage.orders_in_record() == {"o1"}
    assert stage.clock.monotonic() < 2
