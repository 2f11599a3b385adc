"""What the simulation found: owners that were superseded and did not know, and told what they remembered (RULE 38)."""

from __future__ import annotations

import pytest

from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import Hold
from services.inventory.domain.refusals import NotOwner
from services.inventory.ports import HoldWrites
from tests.unit.inventory.actors.faulty_stores import slow
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, ask, done, virtual
from tests.unit.inventory.builders import ONLINE, claim, hold


@pytest.mark.parametrize(
    "command",
    [claim("o1", "h1", 1), claim("o9", "h9", 9), c.ConfirmClaim("o9"), c.CancelClaim("o9"), c.CancelSale("o9")],
    ids=["known claim", "unknown hold", "confirm", "cancel claim", "cancel sale"],
)
@virtual
async def test_words_on_claims_are_proven_by_the_record_and_not_by_a_fence_that_a_failover_can_lose(
    command: c.Command,
) -> None:
    """Seeds 64 and 84: the old owner reached the old master, where nobody had raised the fence."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1), claim("o1", "h1", 1))
    assert await stage.record.take(NAME, 1, "node_b", "node_b:1") == 2
    stage.alive.add("node_b")
    assert await node.execute(HOUSE, NAME, [command]) == NotOwner("node_b:1", 2)


@virtual
async def test_a_word_on_a_claim_is_proven_even_where_the_turn_changes_holds() -> None:
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    assert await stage.record.take(NAME, 1, "node_b", "node_b:1") == 2
    stage.alive.add("node_b")
    assert await node.execute(HOUSE, NAME, [hold("h2", 2), c.CancelClaim("o9")]) == NotOwner("node_b:1", 2)


@pytest.mark.parametrize("command", [c.ExtendHold("h2", "anna"), c.MoveHold("h2", "anna", (5,))])
@virtual
async def test_a_superseded_owner_does_not_deny_a_hold_that_its_successor_gave(command: c.Command) -> None:
    """Seeds 8 and 11: the buyer had been told the hold, and then that there was none."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    assert await stage.record.take(NAME, 1, "node_b", "node_b:1") == 2
    await stage.hold_store.open(NAME, 2)
    stage.alive.add("node_b")
    assert await node.execute(HOUSE, NAME, [command]) == NotOwner("node_b:1", 2)


@virtual
async def test_a_superseded_owner_says_nothing_of_a_release_not_even_that_the_hold_is_foreign() -> None:
    """Whoever releases gives up because of the answer, whatever it is."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    assert await stage.record.take(NAME, 1, "node_b", "node_b:1") == 2
    await stage.hold_store.open(NAME, 2)
    stage.alive.add("node_b")
    assert await node.execute(HOUSE, NAME, [c.ReleaseHold("h1", "bert")]) == NotOwner("node_b:1", 2)


@virtual
async def test_an_owner_that_is_slow_to_clear_up_does_not_let_holds_live_longer() -> None:
    """Seed 170: the store's time was read, stale holds were dropped, and only then did the clock start (INV-6)."""
    stage = Stage()
    await stage.hold_store.open(NAME, 0)
    nowhere = Hold("h0", "anna", (9_999,), ONLINE, stage.clock.now_ms(), stage.clock.now_ms() + 60_000)
    await stage.hold_store.append(NAME, 0, 1, HoldWrites([nowhere], []))
    stage.holds.steps.append(slow(stage.clock, 3.0))
    decision = (await ask(stage.node(), hold("h1", 1)))[0]
    assert isinstance(decision, Accepted)
    assert decision.hold is not None
    assert decision.hold.acquired_ms == stage.clock.now_ms()
    assert stage.holds.sent[0].content == HoldWrites([], ["h0"])
