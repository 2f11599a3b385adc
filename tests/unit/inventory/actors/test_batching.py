"""RULE 12: what waits becomes one batch and one append; each command gets its own answer. RULE 10: turns never mix."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.lingering import (
    BUSY_WORKS,
    ENOUGH_COMMANDS,
    LINGER_STEP_SECONDS,
    LINGER_STEPS,
    STILL_BUSY_SECONDS,
)
from services.inventory.actors.mailbox import TURN_COMMANDS
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.refusals import HoldNotFound, SeatsTaken
from services.inventory.ports import HoldWrites
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate, slow
from tests.unit.inventory.actors.stage import Stage, ask, done, virtual
from tests.unit.inventory.builders import claim, hold


async def answered(answer: asyncio.Future[Sequence[Decision] | Overloaded] | Overloaded) -> Decision:
    assert not isinstance(answer, Overloaded)
    decisions = await answer
    assert not isinstance(decisions, Overloaded)
    (decision,) = decisions
    return decision


@virtual
async def test_a_thousand_queued_commands_are_nine_appends_and_a_bad_one_fails_alone() -> None:
    stage = Stage()
    actor = await stage.owner(stage.node())
    gate = Gate()
    stage.holds.steps.append(gate)
    first = actor.submit([hold("first", 1_500)], None)
    await gate.reached.wait()
    # Every tenth wants what the one before it wants.
    seats = [number - (number % 10 == 9) for number in range(1_000)]
    answers = [actor.submit([hold(f"h{n}", seat, holder=f"b{n}")], None) for n, seat in enumerate(seats)]
    gate.open()
    assert isinstance(await answered(first), Accepted)
    for number, answer in enumerate(answers):
        decision = await answered(answer)
        if number % 10 == 9:
            assert decision == SeatsTaken((number - 1,))
        else:
            assert isinstance(decision, Accepted)
    assert len(stage.holds.sent) <= 8 + 1
    assert len(await stage.holds_in_store()) == 901


@virtual
async def test_a_batch_grows_with_what_waits_and_never_past_the_cap() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    stage.holds.steps.extend(slow(stage.clock, 0.01) for _ in range(100))
    await asyncio.gather(*(ask(node, hold(f"h{number}", number, holder=f"b{number}")) for number in range(1_200)))
    sizes = [len(sent.content.put) for sent in stage.holds.sent]  # type: ignore[union-attr]
    assert max(sizes) == TURN_COMMANDS
    assert len(sizes) <= 4


@virtual
async def test_turns_of_one_performance_never_overlap_in_a_store() -> None:
    """RULE 10: depth 1. Batches are numbered densely, however slow the stores and however many ask."""
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    stage.holds.steps.extend(slow(stage.clock, 0.003) for _ in range(500))
    stage.claims.steps.extend(slow(stage.clock, 0.005) for _ in range(500))

    async def buyer(number: int) -> None:
        for attempt in range(3):
            name = f"{number}_{attempt}"
            await done(node, hold(f"h{name}", number * 3 + attempt, holder=f"b{name}"))
            await done(node, claim(f"o{name}", f"h{name}", number * 3 + attempt, holder=f"b{name}"))
            await done(node, c.CancelClaim(f"o{name}"))

    await asyncio.gather(*(buyer(number) for number in range(60)))
    for script in (stage.holds, stage.claims):
        assert script.most_in_flight == 1
        assert [sent.batch for sent in script.sent] == list(range(1, len(script.sent) + 1))
    assert (await stage.owner(node)).seat_map.counts().free == 2_000


@virtual
async def test_commands_of_one_batch_see_one_another_in_order() -> None:
    stage = Stage()
    node = stage.node()
    decisions = await ask(
        node,
        hold("h1", 1),
        claim("o1", "h1", 1),
        hold("h2", 1, holder="bert"),
        c.ConfirmClaim("o1"),
        c.ReleaseHold("h9", "anna"),
        c.ExtendHold("h9", "anna"),
        c.CancelSale("o1"),
        hold("h3", 1, holder="bert"),
    )
    refused = {number: decision for number, decision in enumerate(decisions) if not isinstance(decision, Accepted)}
    assert refused == {2: SeatsTaken((1,)), 5: HoldNotFound("h9")}
    assert await stage.holds_in_store() == {"h3"}
    assert await stage.orders_in_record() == set()
    # One batch of the record for each change of lane, and none of the holds waits for more than it must.
    assert len(stage.claims.sent) == 3


@virtual
async def test_holds_that_are_all_refused_send_nothing() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    await ask(node, hold("h2", 1, holder="bert"), c.ExtendHold("h1", "bert"))
    assert len(stage.holds.sent) == 1
    assert stage.claims.sent == []


@virtual
async def test_a_batch_of_yeses_that_change_nothing_asks_the_fence_once_and_writes_nothing() -> None:
    """Somebody acts on a yes, so it may not come from an owner that was superseded without hearing of it."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    await done(node, hold("h1", 1), c.ReleaseHold("unknown", "anna"))
    assert [sent.content for sent in stage.holds.sent[1:]] == [HoldWrites([], [])]
    assert stage.claims.sent == []
    await done(node, c.CancelClaim("unknown"))
    assert [sent.content for sent in stage.claims.sent] == [[]]
    assert len(stage.holds.sent) == 2
    assert await stage.holds_in_store() == {"h1"}


async def come_one_by_one(stage: Stage, node: PerformanceHost, count: int, apart_seconds: float) -> list[float]:
    """Holds asked for one after the other; how long each waited for its answer."""

    async def buyer(number: int) -> float:
        await stage.clock.sleep(number * apart_seconds)
        asked = stage.clock.monotonic()
        await done(node, hold(f"late{number}", 500 + number, holder=f"late{number}"))
        return stage.clock.monotonic() - asked

    return list(await asyncio.gather(*(buyer(number) for number in range(count))))


async def busy_moment(node: PerformanceHost) -> None:
    await asyncio.gather(*(done(node, hold(f"h{number}", number, holder=f"b{number}")) for number in range(BUSY_WORKS)))


@virtual
async def test_a_busy_turn_waits_for_those_who_are_still_coming() -> None:
    """Decision 0009: one append for all of them, and none waits for longer than the steps."""
    stage = Stage()
    node = stage.node()
    await busy_moment(node)
    before = len(stage.holds.sent)
    waits = await come_one_by_one(stage, node, 10, LINGER_STEP_SECONDS / 3)
    assert len(stage.holds.sent) - before == 1
    assert max(waits) <= (LINGER_STEPS + 0.01) * LINGER_STEP_SECONDS


@virtual
async def test_lingering_ends_however_many_keep_coming() -> None:
    stage = Stage()
    node = stage.node()
    await busy_moment(node)
    waits = await come_one_by_one(stage, node, 60, LINGER_STEP_SECONDS / 3)
    assert max(waits) <= (LINGER_STEPS + 0.01) * LINGER_STEP_SECONDS


@virtual
async def test_who_is_alone_is_served_at_once_and_so_is_who_comes_after_a_pause() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    assert max(await come_one_by_one(stage, node, 5, LINGER_STEP_SECONDS)) == 0
    await busy_moment(node)
    await stage.clock.sleep(2 * STILL_BUSY_SECONDS)
    started = stage.clock.monotonic()
    await done(node, hold("alone", 700))
    assert stage.clock.monotonic() == started


@virtual
async def test_a_batch_that_is_large_enough_waits_for_nobody() -> None:
    stage = Stage()
    node = stage.node()
    await busy_moment(node)
    started = stage.clock.monotonic()
    await done(node, *(hold(f"many{n}", 800 + n, holder=f"many{n}") for n in range(ENOUGH_COMMANDS)))
    assert stage.clock.monotonic() == started
