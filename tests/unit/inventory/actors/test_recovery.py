"""RULE 7: a new owner loads the record, then the holds, and the record wins; what it overrules is gone for good."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.records import BlockKind, Hold
from services.inventory.domain.refusals import HoldEnded
from services.inventory.domain.seat_state import BLOCKED, CLAIMED, FREE, HELD, SOLD
from services.inventory.ports import HoldWrites
from services.runtime.errors import Overloaded
from services.runtime.ids import seeded_random
from tests.mutants.cluster_guards import ended_holds_forgotten
from tests.unit.inventory.actors.faulty_stores import Gate
from tests.unit.inventory.actors.stage import NAME, Stage, ask, crash, done, virtual
from tests.unit.inventory.builders import BOX_OFFICE, ONLINE, claim, hold


@virtual
async def test_a_crash_between_claim_and_end_of_hold_leaves_the_claim_and_the_hold_never_returns() -> None:
    stage = Stage()
    first = stage.node("node_a")
    await done(first, hold("h1", 1, 2), hold("h2", 5))
    gate = Gate()
    stage.holds.steps.append(gate)
    actor = await stage.owner(first)
    answer = actor.submit([claim("o1", "h1", 1, 2)], None)
    assert not isinstance(answer, Overloaded)
    await gate.reached.wait()
    # The record's word is enough to tell the caller; the hold still is in its store.
    assert answer.done()
    crash(first)
    stage.alive.discard("node_a")
    assert await stage.holds_in_store() == {"h1", "h2"}

    second = stage.node("node_b")
    successor = await stage.owner(second)
    assert [successor.seat_map.status(seat) for seat in (1, 2, 5)] == [CLAIMED, CLAIMED, HELD]
    assert set(successor.seat_map.holds) == {"h2"}
    assert await stage.holds_in_store() == {"h2"}
    # The caller asks again with the same ids, and the claim ends some day: its seats are free, not held.
    await done(second, claim("o1", "h1", 1, 2))
    await done(second, c.CancelClaim("o1"))
    await second.let_go(NAME)
    last = await stage.owner(stage.node("node_c"))
    assert [last.seat_map.status(seat) for seat in (1, 2, 5)] == [FREE, FREE, HELD]


@pytest.mark.parametrize(
    "ends",
    [
        [c.ReleaseHold("h1", "anna")],
        [claim("o1", "h1", 1), c.CancelClaim("o1")],
        [c.ReleaseHold("h1", "anna"), hold("h2", 3), c.ReleaseHold("h2", "anna")],
    ],
)
@pytest.mark.parametrize("copy", [hold("h1", 1), c.HoldBestAvailable("h1", "anna", (SeatGroup(1),), ONLINE)])
@virtual
async def test_a_late_copy_of_an_ended_hold_takes_no_seats_of_the_next_owner_either(
    ends: Sequence[c.Command], copy: c.Command
) -> None:
    stage = Stage()
    first = stage.node("node_a")
    await done(first, copy)
    seats = (await stage.owner(first)).seat_map.holds["h1"].seats
    for command in ends:
        await done(
            first, msgspec.structs.replace(command, seats=seats) if isinstance(command, c.ClaimSeats) else command
        )
    crash(first)
    stage.alive.discard("node_a")
    second = stage.node("node_b")
    assert await ask(second, copy) == [HoldEnded("h1")]
    await second.hand_over()
    third = stage.node("node_c")
    assert await ask(third, copy, c.ReadHold("h1")) == [HoldEnded("h1"), HoldEnded("h1")]
    assert not (await stage.owner(third)).seat_map.holds


@virtual
async def test_without_the_stores_list_of_ended_holds_a_late_copy_takes_the_seats_again() -> None:
    """The negative control."""
    stage = Stage()
    first = stage.node("node_a")
    await done(first, hold("h1", 1), c.ReleaseHold("h1", "anna"))
    crash(first)
    stage.alive.discard("node_a")
    second = stage.node("node_b")
    with pytest.MonkeyPatch.context() as patch:
        ended_holds_forgotten(patch)
        await done(second, hold("h1", 1))
    assert (await stage.owner(second)).seat_map.status(1) == HELD


@virtual
async def test_a_hold_that_expired_stays_ended_for_the_next_owner() -> None:
    stage = Stage()
    first = stage.node("node_a")
    await done(first, hold("h1", 1))
    await stage.clock.sleep(80.0)
    actor = await stage.owner(first)
    actor.propose_expiries()
    await done(first, hold("h2", 2))
    assert await stage.holds_in_store() == {"h2"}
    await first.hand_over()
    assert await ask(stage.node("node_b"), hold("h1", 1)) == [HoldEnded("h1")]


@virtual
async def test_a_hold_that_the_record_overruled_is_an_ended_one() -> None:
    """Its claim was made and then cancelled: nothing but this keeps a late copy of its first command out."""
    stage = Stage()
    first = stage.node("node_a")
    await done(first, hold("h1", 1))
    gate = Gate()
    stage.holds.steps.append(gate)
    (await stage.owner(first)).submit([claim("o1", "h1", 1)], None)
    await gate.reached.wait()
    crash(first)
    stage.alive.discard("node_a")
    second = stage.node("node_b")
    await done(second, c.CancelClaim("o1"))
    assert await ask(second, hold("h1", 1)) == [HoldEnded("h1")]
    await second.hand_over()
    assert await ask(stage.node("node_c"), hold("h1", 1)) == [HoldEnded("h1")]


@virtual
async def test_a_successor_starts_its_batches_after_those_of_its_own_clean_up() -> None:
    stage = Stage()
    await done(stage.node("node_a"), hold("h1", 1), claim("o1", "", 2))
    await stage.hold_store.append(NAME, 1, 2, HoldWrites([Hold("stale", "x", (2,), ONLINE, 0, 2**50)], []))
    stage.alive.discard("node_a")
    node = stage.node("node_b")
    await done(node, hold("h2", 3))
    await done(node, hold("h3", 4))
    assert await stage.holds_in_store() == {"h1", "h2", "h3"}


@virtual
async def test_everything_in_every_state_comes_back_with_the_next_owner() -> None:
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1), hold("h2", 2), hold("h3", 3, holder="bert"))
    await done(node, claim("o2", "h2", 2), claim("o3", "h3", 3, holder="bert"), c.ConfirmClaim("o3"))
    await done(node, c.BlockSeats((4, 5), "camera"), c.BlockSeats((6, 7, 8), "house seats", BlockKind.SOFT))
    await done(node, hold("h4", 6, holder="till", channel=BOX_OFFICE), hold("h5", 7, holder="till", channel=BOX_OFFICE))
    await done(node, claim("o5", "h5", 7, holder="till", channel=BOX_OFFICE))
    before = await stage.owner(node)
    await node.hand_over()
    after = await stage.owner(stage.node("node_b"))
    assert after is not before
    assert after.seat_map.statuses == before.seat_map.statuses
    assert after.seat_map.counts() == before.seat_map.counts()
    assert (after.seat_map.holds, after.seat_map.claims) == (before.seat_map.holds, before.seat_map.claims)
    assert after.seat_map.seats_of("anna") == 2
    assert [after.seat_map.status(seat) for seat in (1, 2, 3, 4)] == [HELD, CLAIMED, SOLD, BLOCKED]
    assert [after.seat_map.status(seat) for seat in (6, 7, 8)] == [HELD, CLAIMED, BLOCKED]
    assert after.seat_map.soft_blocks == before.seat_map.soft_blocks == {6, 7, 8}


@pytest.mark.parametrize("seed", range(8))
@virtual
async def test_whatever_was_done_to_the_hold_store_the_record_stands(seed: int) -> None:
    """RULE 7: keys deleted, altered and invented at random before the activation."""
    chance = seeded_random(seed)
    stage = Stage(capacity=60)
    node = stage.node("node_a")
    for number in range(0, 60, 2):
        await done(node, hold(f"h{number}", number, holder=f"b{number}"))
        if chance.random() < 0.6:
            await done(node, claim(f"o{number}", f"h{number}", number, holder=f"b{number}"))
    await done(node, c.BlockSeats((57, 59), "camera"))
    recorded = {each.order_id: each.seats for each in (await stage.record.load(NAME, 1)).claims}
    crash(node)
    stage.alive.discard("node_a")
    stored = stage.hold_store._performances[NAME].holds  # what only vandals do
    for hold_id in list(stored):
        if chance.random() < 0.3:
            del stored[hold_id]
    for number in range(20):
        seats = tuple(chance.randrange(-5, 70) for _ in range(chance.randrange(1, 4)))
        stored[f"rogue_{number}"] = Hold(f"rogue_{number}", "mallory", seats, ONLINE, chance.randrange(2**45), 2**45)
    successor = await stage.owner(stage.node("node_b"))
    seat_map = successor.seat_map
    assert {order_id: each.seats for order_id, each in seat_map.claims.items()} == recorded
    assert all(seat_map.status(seat) == CLAIMED for seats in recorded.values() for seat in seats)
    assert seat_map.status(57) == BLOCKED
    assert await stage.holds_in_store() == set(seat_map.holds)


@virtual
async def test_an_id_that_is_asked_for_again_after_a_crash_gets_its_first_answer() -> None:
    stage = Stage()
    node = stage.node("node_a")
    (first,) = await ask(node, hold("h1", 1))
    crash(node)
    stage.alive.discard("node_a")
    await stage.clock.sleep(5)
    (again,) = await ask(stage.node("node_b"), hold("h1", 1))
    assert again.hold == first.hold  # type: ignore[union-attr]
