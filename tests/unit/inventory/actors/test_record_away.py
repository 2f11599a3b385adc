"""A record that is slow or away stops claims and what touches them, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.mailbox import RETRY_AFTER_MS
from services.inventory.actors.performance_actor import DEFERRED_COMMANDS, RecordSilent, TurnBroken
from services.inventory.actors.turn_log import APPEND_PATIENCE_SECONDS, SILENT_RETRY_SECONDS
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.records import BlockKind
from services.inventory.domain.refusals import ClaimEnded, DeadlinePassed, HoldEnded, HolderLimit, SeatsTaken
from services.inventory.domain.seat_state import BLOCKED, CLAIMED, FREE, HELD, SOLD
from services.inventory.ports import RecordRefused
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate, Step, fails_before_the_write, loses_the_reply, raises
from tests.unit.inventory.actors.stage import HOUSE, NAME, RULES, Stage, ask, done, virtual
from tests.unit.inventory.builders import BOX_OFFICE, claim, hold

TRY_AGAIN = Overloaded(RETRY_AFTER_MS)
Asking = asyncio.Task[Sequence[Decision]]


async def on_its_way(stage: Stage, node: PerformanceHost, command: c.Command) -> tuple[Gate, Asking]:
    """The command, held up before the record, until the gate is opened."""
    gate = Gate()
    stage.claims.steps.append(gate)
    asking: Asking = asyncio.create_task(ask(node, command))
    await gate.reached.wait()
    return gate, asking


@pytest.mark.parametrize("fault", [fails_before_the_write, loses_the_reply])
@virtual
async def test_holds_go_on_while_the_record_is_away_and_its_claim_is_settled_when_it_is_back(fault: Step) -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), hold("h2", 2))
    stage.claims.steps.extend([fault] * 1_000)
    started = stage.clock.monotonic()
    with pytest.raises(RecordSilent):
        await node.execute(HOUSE, NAME, [claim("o1", "h1", 1)])
    assert stage.clock.monotonic() - started < APPEND_PATIENCE_SECONDS + 1
    # At once now: nobody waits for what is known to be away.
    started = stage.clock.monotonic()
    with pytest.raises(RecordSilent):
        await node.execute(HOUSE, NAME, [claim("o2", "h2", 2)])
    assert stage.clock.monotonic() - started < 0.1

    assert REGISTRY.get_sample_value("balcon_inventory_records_silent") == 1

    await done(node, hold("h3", 3), c.ExtendHold("h2", "anna"), c.MoveHold("h3", "anna", (4,)))
    await done(node, c.ReleaseHold("h2", "anna"))
    released, held = await ask(node, c.ReleaseHold("h1", "anna"), hold("h5", 5))
    assert released == TRY_AGAIN
    assert isinstance(held, Accepted)
    assert await ask(node, c.ExtendHold("h1", "anna"), c.MoveHold("h1", "anna", (6,))) == [TRY_AGAIN, TRY_AGAIN]
    assert await ask(node, hold("h6", 1, holder="bert")) == [SeatsTaken((1,))]

    stage.claims.steps.clear()
    await stage.clock.sleep(SILENT_RETRY_SECONDS)
    await done(node, claim("o1", "h1", 1))
    actor = await stage.owner(node)
    assert (actor.epoch, actor.seat_map.status(1)) == (1, CLAIMED)
    assert REGISTRY.get_sample_value("balcon_inventory_records_silent") == 0
    assert await stage.orders_in_record() == {"o1"}
    assert await ask(node, c.ExtendHold("h1", "anna")) == [HoldEnded("h1")]
    assert await stage.holds_in_store() == {"h3", "h5"}


@virtual
async def test_a_hold_whose_claim_is_not_known_does_not_expire_and_others_do() -> None:
    """Its seats may be claimed already: giving them away would sell them twice."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), hold("h2", 2))
    stage.claims.steps.extend([fails_before_the_write] * 10_000)
    keeping = asyncio.create_task(node.keep_time())
    with pytest.raises(RecordSilent):
        await node.execute(HOUSE, NAME, [claim("o1", "h1", 1)])
    await stage.clock.sleep((RULES.ttl_ms + RULES.grace_ms) / 1000 + 5)
    assert await stage.holds_in_store() == {"h1"}
    actor = await stage.owner(node)
    assert (actor.feed.statuses[1], actor.feed.statuses[2]) == (HELD, FREE)
    stage.claims.steps.clear()
    await stage.clock.sleep(SILENT_RETRY_SECONDS + 0.1)
    assert actor.feed.statuses[1] == CLAIMED
    keeping.cancel()


@virtual
async def test_holds_do_not_wait_for_a_slow_record() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    gate, claiming = await on_its_way(stage, node, claim("o1", "h1", 1))
    await done(node, hold("h2", 2))
    assert not claiming.done()
    gate.open()
    await claiming


@virtual
async def test_what_would_change_a_hold_waits_until_its_claim_is_known() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    gate, claiming = await on_its_way(stage, node, claim("o1", "h1", 1))
    releasing = asyncio.create_task(ask(node, c.ReleaseHold("h1", "anna")))
    extending = asyncio.create_task(ask(node, c.ExtendHold("h1", "anna")))
    reading = asyncio.create_task(ask(node, c.ReadHold("h1")))
    await stage.clock.sleep(1)
    assert not releasing.done()
    assert not extending.done()
    # To look is harmless: it still is a hold.
    assert isinstance((await reading)[0], Accepted)
    gate.open()
    await claiming
    assert await extending == [HoldEnded("h1")]
    assert await releasing == [Accepted()]
    assert (await stage.owner(node)).seat_map.status(1) == CLAIMED


@pytest.mark.parametrize(("command", "state"), [(claim("o1", "", 1), CLAIMED), (c.BlockSeats((1,), "camera"), BLOCKED)])
@virtual
async def test_free_seats_on_their_way_into_the_record_are_gone_for_others_and_seen_by_none(
    command: c.Command, state: int
) -> None:
    stage = Stage()
    node = stage.node()
    actor = await stage.owner(node)
    gate, taking = await on_its_way(stage, node, command)
    assert await ask(node, hold("h1", 1)) == [SeatsTaken((1,))]
    await done(node, hold("h2", 2))
    assert actor.feed.statuses[1] == FREE
    gate.open()
    await taking
    assert actor.feed.statuses[1] == state


@virtual
async def test_a_seat_on_its_way_into_a_block_is_gone_for_staff_too_until_the_record_says_it_is_a_soft_one() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, c.BlockSeats((1,), "house seats", BlockKind.SOFT))
    for command in (c.BlockSeats((1, 2), "camera"), c.BlockSeats((1, 2), "house seats", BlockKind.SOFT)):
        gate, blocking = await on_its_way(stage, node, command)
        assert await ask(node, hold("h1", 1, 2, channel=BOX_OFFICE)) == [SeatsTaken((1, 2))]
        gate.open()
        await blocking
    await done(node, hold("h1", 1, 2, channel=BOX_OFFICE))


@virtual
async def test_a_soft_block_on_its_way_out_does_not_take_the_seat_from_staff_who_hold_it_meanwhile() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, c.BlockSeats((1, 2), "house seats", BlockKind.SOFT))
    gate, unblocking = await on_its_way(stage, node, c.UnblockSeats((1, 2)))
    await done(node, hold("h1", 1, channel=BOX_OFFICE))
    gate.open()
    await unblocking
    seat_map = (await stage.owner(node)).seat_map
    assert [seat_map.status(seat) for seat in (1, 2)] == [HELD, FREE]
    await done(node, c.ReleaseHold("h1", "anna"))
    assert seat_map.status(1) == FREE


@virtual
async def test_seats_are_free_again_when_the_record_says_so_and_not_before() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), claim("o1", "h1", 1), c.ConfirmClaim("o1"))
    gate, cancelling = await on_its_way(stage, node, c.CancelSale("o1"))
    assert await ask(node, hold("h2", 1)) == [SeatsTaken((1,))]
    assert (await stage.owner(node)).feed.statuses[1] == SOLD
    gate.open()
    await cancelling
    await done(node, hold("h2", 1))


@virtual
async def test_a_node_that_stops_does_not_wait_for_a_record_that_is_away() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    stage.claims.steps.extend([fails_before_the_write] * 1_000)
    with pytest.raises(RecordSilent):
        await node.execute(HOUSE, NAME, [claim("o1", "h1", 1)])
    started = stage.clock.monotonic()
    await node.hand_over()
    assert stage.clock.monotonic() - started < 1
    stage.claims.steps.clear()
    assert (await stage.owner(stage.node("node_b"))).seat_map.status(1) == HELD


@virtual
async def test_claims_of_a_burst_share_the_records_batches() -> None:
    stage = Stage()
    node = stage.node()
    await asyncio.gather(*(done(node, hold(f"h{n}", n, holder=f"b{n}")) for n in range(200)))
    gate, first = await on_its_way(stage, node, claim("o0", "h0", 0, holder="b0"))
    others = [asyncio.create_task(done(node, claim(f"o{n}", f"h{n}", n, holder=f"b{n}"))) for n in range(1, 200)]
    await stage.clock.sleep(0.01)
    gate.open()
    await asyncio.gather(first, *others)
    assert len(stage.claims.sent) == 2
    assert await stage.orders_in_record() == {f"o{n}" for n in range(200)}


@virtual
async def test_deferred_work_that_nobody_waits_for_any_more_is_dropped() -> None:
    """RULE 19: its deadline passes while the claim is on its way, or its caller goes."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    gate, claiming = await on_its_way(stage, node, claim("o1", "h1", 1))
    late = asyncio.create_task(ask(node, c.ExtendHold("h1", "anna"), deadline=stage.clock.monotonic() + 0.5))
    gone = asyncio.create_task(ask(node, c.ExtendHold("h1", "anna")))
    await stage.clock.sleep(1)
    gone.cancel()
    gate.open()
    await claiming
    assert await late == [DeadlinePassed()]


@virtual
async def test_only_so_much_is_deferred_and_a_message_of_many_never_is() -> None:
    """Its other commands are other people's: the one that must wait is sent back instead."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), hold("h2", 2))
    actor = await stage.owner(node)
    gate, claiming = await on_its_way(stage, node, claim("o1", "h1", 1))
    extended, released = await ask(node, c.ExtendHold("h1", "anna"), c.ReleaseHold("h2", "anna"))
    assert (extended, isinstance(released, Accepted)) == (TRY_AGAIN, True)
    deferred = [actor.submit([c.ReleaseHold("h1", "anna")], None) for _ in range(DEFERRED_COMMANDS + 5)]
    await stage.clock.sleep(1)
    answers = [answer for answer in deferred if isinstance(answer, asyncio.Future)]
    sent_back = [answer.result() for answer in answers if answer.done()]
    assert sent_back == [[TRY_AGAIN]] * 5
    gate.open()
    await asyncio.gather(claiming, *answers)


@virtual
async def test_other_holds_expire_while_one_waits_for_its_claim() -> None:
    stage = Stage()
    node = stage.node()
    await done(node, *(hold(f"h{number}", number, holder=f"b{number}") for number in range(100)))
    await stage.clock.sleep(RULES.ttl_ms / 1000)
    gate, claiming = await on_its_way(stage, node, claim("o1", "h7", 7, holder="b7"))
    keeping = asyncio.create_task(node.keep_time())
    await stage.clock.sleep(RULES.grace_ms / 1000 + 2)
    assert set((await stage.owner(node)).seat_map.holds) == {"h7"}
    gate.open()
    await claiming
    keeping.cancel()


@virtual
async def test_a_claimed_hold_has_left_its_store_before_the_record_hears_more() -> None:
    """Or a crash would find it alive there, with its claim cancelled in the record: held again, by nobody's wish."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    in_the_record, in_the_holds = Gate(), Gate()
    stage.claims.steps.append(in_the_record)
    claiming = asyncio.create_task(ask(node, claim("o1", "h1", 1)))
    await in_the_record.reached.wait()
    cancelling = asyncio.create_task(ask(node, c.CancelClaim("o1")))
    stage.holds.steps.append(in_the_holds)
    in_the_record.open()
    await claiming
    await in_the_holds.reached.wait()
    await stage.clock.sleep(1)
    assert len(stage.claims.sent) == 1
    in_the_holds.open()
    await cancelling


@virtual
async def test_the_holders_limit_counts_a_claim_that_is_on_its_way() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    most = tuple(range(RULES.seats_per_holder))
    gate, claiming = await on_its_way(stage, node, claim("o1", "", *most))
    assert await ask(node, hold("h1", 100)) == [HolderLimit(RULES.seats_per_holder, RULES.seats_per_holder, 1)]
    gate.open()
    await claiming
    assert await ask(node, hold("h1", 100)) == [HolderLimit(RULES.seats_per_holder, RULES.seats_per_holder, 1)]
    await done(node, c.CancelClaim("o1"), hold("h1", 100))


@pytest.mark.parametrize("refusal", [RecordRefused(), None], ids=["by the record", "by the rules' code"])
@virtual
async def test_what_can_never_be_written_breaks_its_turn_and_is_told_to_its_callers(refusal: Exception | None) -> None:
    """Asking again for ever would stop every claim of the performance."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    if refusal is not None:
        stage.claims.steps.append(raises(refusal))
    broken = c.BlockSeats((5,) if refusal is not None else (1_000_000,), "camera")
    with pytest.raises(TurnBroken):
        await node.execute(HOUSE, NAME, [broken])
    await done(node, claim("o1", "h1", 1))
    assert await stage.orders_in_record() == {"o1"}


@pytest.mark.parametrize("moves", [False, True])
@virtual
async def test_a_late_copy_of_a_claim_that_was_given_back_claims_nothing(moves: bool) -> None:
    """Without a hold that has ended nothing else would stop it, and nobody would ever cancel it again."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1), claim("o1", "h1", 1), c.CancelClaim("o1"))
    again = claim("o1", "", 1)
    await done(node, again, c.CancelClaim("o1"))
    if moves:
        await node.let_go(NAME)
    assert await ask(node, again) == [ClaimEnded("o1")]
    assert await stage.orders_in_record() == set()
