"""RULE 13: an append whose outcome is unknown is sent again under its number, and has one effect."""

from __future__ import annotations

import asyncio

import pytest

from services.inventory.actors.turn_log import APPEND_PATIENCE_SECONDS
from services.inventory.domain import commands as c
from services.inventory.ports import StoreUnavailable
from services.runtime.ids import seeded_random
from tests.unit.inventory.actors.faulty_stores import Step, fails_before_the_write, loses_the_reply, passes
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, done, virtual
from tests.unit.inventory.builders import claim, hold


@pytest.mark.parametrize("fault", [loses_the_reply, fails_before_the_write])
@pytest.mark.parametrize("times", [1, 5])
@virtual
async def test_a_hold_of_unknown_outcome_is_sent_again_and_is_one_hold(fault: Step, times: int) -> None:
    stage = Stage()
    node = stage.node()
    stage.holds.steps.extend([fault] * times)
    await done(node, hold("h1", 1))
    assert [(sent.epoch, sent.batch) for sent in stage.holds.sent] == [(1, 1)] * (times + 1)
    assert all(sent.content == stage.holds.sent[0].content for sent in stage.holds.sent)
    assert await stage.holds_in_store() == {"h1"}
    await done(node, hold("h2", 2))
    assert stage.holds.sent[-1].batch == 2


@pytest.mark.parametrize("fault", [loses_the_reply, fails_before_the_write])
@virtual
async def test_a_claim_of_unknown_outcome_is_sent_again_and_is_one_claim(fault: Step) -> None:
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    stage.claims.steps.append(fault)
    stage.holds.steps.append(fault)
    await done(node, claim("o1", "h1", 1), c.ConfirmClaim("o1"))
    assert [sent.batch for sent in stage.claims.sent] == [1, 1]
    assert await stage.orders_in_record() == {"o1"}
    await done(node, c.ReleaseHold("h1", "anna"))
    assert await stage.holds_in_store() == set()
    await done(node, c.CancelSale("o1"))
    assert await stage.orders_in_record() == set()


@virtual
async def test_one_reply_in_ten_lost_leaves_as_many_effects_as_holds() -> None:
    stage = Stage()
    node = stage.node()
    chance = seeded_random(7)
    stage.holds.steps.extend(chance.choice([loses_the_reply] + [passes] * 9) for _ in range(1_000))
    stage.claims.steps.extend(
        chance.choice([loses_the_reply, fails_before_the_write] + [passes] * 8) for _ in range(900)
    )

    async def buyer(number: int) -> None:
        await done(node, hold(f"h{number}", number, holder=f"b{number}"))
        if number % 3 == 0:
            await done(node, claim(f"o{number}", f"h{number}", number, holder=f"b{number}"))

    for start in range(0, 300, 30):
        await asyncio.gather(*(buyer(number) for number in range(start, start + 30)))
    assert len(stage.holds.sent) > len({(sent.epoch, sent.batch) for sent in stage.holds.sent})
    assert await stage.orders_in_record() == {f"o{number}" for number in range(0, 300, 3)}
    assert await stage.holds_in_store() == {f"h{number}" for number in range(300) if number % 3}
    assert (await stage.owner(node)).epoch == 1


@pytest.mark.parametrize("fault", [loses_the_reply, fails_before_the_write])
@virtual
async def test_a_silent_store_ends_in_unavailable_and_asking_again_is_one_effect(fault: Step) -> None:
    """The caller cannot know; the same command with the same id finds the first answer or makes it."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    stage.holds.steps.extend([fault] * 1_000)
    started = stage.clock.monotonic()
    with pytest.raises(StoreUnavailable):
        await node.execute(HOUSE, NAME, [hold("h2", 2)])
    assert stage.clock.monotonic() - started < APPEND_PATIENCE_SECONDS + 1
    assert not actor.is_active
    assert node.actors == []
    stage.holds.steps.clear()
    await done(node, hold("h2", 2))
    assert await stage.holds_in_store() == {"h1", "h2"}
    assert (await stage.owner(node)).seat_map.counts().held == 2
