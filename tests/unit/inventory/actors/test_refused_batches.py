"""RULE 9: an owner whose batch is refused drops all memory of the performance at once."""

from __future__ import annotations

import asyncio

import pytest

from services.inventory.actors.mailbox import lanes_in_turn
from services.inventory.actors.performance_actor import OwnerGone
from services.inventory.domain import commands as c
from services.inventory.domain.records import Claim
from services.inventory.domain.refusals import HoldEnded, HoldNotFound, NotOwner, SeatsTaken
from services.inventory.domain.seat_state import CLAIMED
from services.inventory.ports import ClaimConflict, Fenced, WritesLost
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate, raises
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, ask, done, virtual
from tests.unit.inventory.builders import ONLINE, claim, hold


async def superseded(stage: Stage) -> None:
    """Another node takes the row and raises the fence, whatever the present owner believes."""
    epoch = await stage.record.take(NAME, 1, "node_b", "node_b:1")
    assert epoch == 2
    await stage.hold_store.open(NAME, 2)
    stage.alive.add("node_b")


@pytest.mark.parametrize("command", [hold("h2", 2), claim("o1", "h1", 1)])
@virtual
async def test_a_fenced_owner_forgets_everything_and_names_the_new_one(command: c.Command) -> None:
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    watcher = actor.feed.join()
    await superseded(stage)
    assert await node.execute(HOUSE, NAME, [command]) == NotOwner("node_b:1", 2)
    assert node.actors == []
    assert not actor.is_active
    assert await watcher.next() is None
    with pytest.raises(OwnerGone):
        actor.submit(lanes_in_turn([command])[0], None)


@virtual
async def test_a_fence_raised_in_the_middle_of_an_append_fails_the_whole_mailbox_at_once() -> None:
    stage = Stage()
    actor = await stage.owner(stage.node("node_a"))
    gate = Gate()
    stage.holds.steps.append(gate)
    sent = actor.submit([hold("h1", 1)], None)
    await gate.reached.wait()
    waiting = [actor.submit([hold(f"h{number}", number, holder=f"b{number}")], None) for number in range(2, 300)]
    await superseded(stage)
    gate.open()
    for answer in [sent, *waiting]:
        assert not isinstance(answer, Overloaded)
        await asyncio.wait([answer])
        assert isinstance(answer.exception(), Fenced)
    assert len(stage.holds.sent) == 1
    assert (await stage.hold_store.open(NAME, 2)).holds == []


@virtual
async def test_a_fenced_owner_takes_nothing_back_from_the_new_one() -> None:
    """The old owner's release at the end must not free the new owner's row."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    await superseded(stage)
    await node.hand_over()
    owner = await stage.record.owner_of(NAME)
    assert owner is not None
    assert (owner.incarnation, owner.epoch) == ("node_b", 2)


@virtual
async def test_lost_writes_make_the_owner_load_anew_and_decide_again() -> None:
    """RULE 14: FLUSHALL in the middle of a sale. Holds are gone, claims are not, and no caller sees a fault."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), hold("h2", 2), claim("o1", "h1", 1))
    stage.hold_store.lose_everything()
    await done(node, hold("h3", 3, holder="bert"))
    actor = await stage.owner(node)
    assert actor.epoch == 2
    assert set(actor.seat_map.holds) == {"h3"}
    assert actor.seat_map.status(1) == CLAIMED
    assert await ask(node, claim("o2", "h2", 2)) == [HoldNotFound("h2")]


@virtual
async def test_a_claim_on_a_hold_that_redis_has_lost_is_still_a_claim() -> None:
    """The record has it before Redis is asked; the caller's claim is found there when it is decided again."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    stage.hold_store.lose_everything()
    await done(node, claim("o1", "h1", 1))
    assert await stage.orders_in_record() == {"o1"}
    assert (await stage.owner(node)).seat_map.status(1) == CLAIMED


@virtual
async def test_a_conflict_in_the_record_voids_the_memory_that_led_to_it() -> None:
    """INV-1: memory says free, the record says claimed. The record wins, the caller is told that the seat is taken."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    stage.record._performances[NAME].seats.claims["o0"] = Claim("o0", "bert", "", (1,), ONLINE)  # no owner would
    assert await ask(node, claim("o1", "h1", 1)) == [HoldEnded("h1")]
    assert await ask(node, hold("h2", 1)) == [SeatsTaken((1,))]
    assert (await stage.owner(node)).epoch == 2
    assert await stage.holds_in_store() == set()


@pytest.mark.parametrize("fault", [Fenced, WritesLost, ClaimConflict])
@virtual
async def test_a_store_that_refuses_for_ever_ends_in_a_fault_not_in_a_loop(fault: type[Exception]) -> None:
    stage = Stage()
    node = stage.node()
    script = stage.claims if fault is ClaimConflict else stage.holds
    script.steps.extend(raises(fault()) for _ in range(100))
    command = claim("o1", "", 1) if fault is ClaimConflict else hold("h1", 1)
    with pytest.raises(fault):
        await node.execute(HOUSE, NAME, [command])
    assert len(script.sent) == 4


@pytest.mark.parametrize(
    "command",
    [
        hold("h1", 1),
        claim("o1", "h2", 2),
        c.ConfirmClaim("o3"),
        c.ConfirmClaim("unknown"),
        c.CancelClaim("unknown"),
        c.CancelSale("unknown"),
        c.ReleaseHold("unknown", "anna"),
    ],
    ids=lambda command: type(command).__name__,
)
@virtual
async def test_an_answer_out_of_a_superseded_owners_memory_is_never_told(command: c.Command) -> None:
    """RULE 4: it changes nothing here, and yet somebody charges, refunds or gives up because of it."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1), hold("h2", 2), claim("o1", "h2", 2), claim("o3", "", 3), c.ConfirmClaim("o3"))
    await superseded(stage)
    assert await node.execute(HOUSE, NAME, [command]) == NotOwner("node_b:1", 2)
    assert node.actors == []
