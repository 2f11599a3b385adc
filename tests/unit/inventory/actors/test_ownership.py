"""Coming up, stepping down, handing over, lapsing: one owner at a time answers, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import dataclasses

import msgspec
import pytest

from services.inventory.actors.activation import LeaseLost, OwnershipContended
from services.inventory.actors.host import RULES_TICK_SECONDS
from services.inventory.actors.performance_actor import OwnerGone, PerformanceActor
from services.inventory.adapters.memory_stores import MemoryPerformances, MemoryRecord
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.refusals import HolderLimit, NotOnSale, NotOwner, PerformanceNotFound
from services.inventory.domain.seat_state import CLAIMED, HELD
from services.inventory.ports import OpenedHolds, Performance
from services.runtime.errors import Overloaded
from tests.unit.inventory.actors.faulty_stores import Gate
from tests.unit.inventory.actors.stage import HOUSE, NAME, RULES, Stage, ask, done, virtual
from tests.unit.inventory.builders import claim, hold


@virtual
async def test_while_the_owner_lives_others_name_it() -> None:
    stage = Stage()
    first, second = stage.node("node_a"), stage.node("node_b")
    await done(first, hold("h1", 1))
    assert await second.execute(HOUSE, NAME, [hold("h2", 2)]) == NotOwner("node_a:1", 1)
    assert (await stage.owner(first)).epoch == 1


@virtual
async def test_of_two_nodes_that_want_it_at_once_one_owns_and_the_other_names_it() -> None:
    stage = Stage()
    nodes = [stage.node(f"node_{name}") for name in "abcd"]
    outcomes = await asyncio.gather(*(node.owner(HOUSE, NAME) for node in nodes))
    owners = [outcome for outcome in outcomes if isinstance(outcome, PerformanceActor)]
    assert len(owners) == 1
    assert [type(outcome) for outcome in outcomes].count(NotOwner) == 3


@virtual
async def test_many_callers_of_a_cold_performance_are_one_activation() -> None:
    stage = Stage()
    node = stage.node()
    await asyncio.gather(*(ask(node, hold(f"h{number}", number, holder=f"b{number}")) for number in range(50)))
    assert (await stage.owner(node)).epoch == 1


@virtual
async def test_a_callers_higher_epoch_is_not_believed_against_the_directory() -> None:
    """Anybody can send any number; a stranger may not make an owner step down."""
    stage = Stage()
    node = stage.node()
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    decisions = await node.execute(HOUSE, NAME, [hold("h2", 2)], epoch=2**60)
    assert not isinstance(decisions, NotOwner)
    assert await stage.owner(node) is actor


@virtual
async def test_a_callers_higher_epoch_that_the_directory_confirms_makes_the_owner_step_down() -> None:
    """RULE 8, RULE 9: before the fence has been raised, so nothing else could have told it."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    assert await stage.record.take(NAME, 1, "node_b", "node_b:1") == 2
    stage.alive.add("node_b")
    assert await node.execute(HOUSE, NAME, [hold("h2", 2)], epoch=2) == NotOwner("node_b:1", 2)
    assert not actor.is_active
    assert node.actors == []


@virtual
async def test_an_owner_that_comes_up_superseded_answers_nobody_who_knows_its_successor() -> None:
    """Simulation, seed 234: a watcher of epoch 8 was shown epoch 7, whose fence had been raised a second before."""
    stage = Stage()
    reply, inner = asyncio.Event(), stage.hold_store.open

    async def late_reply(performance_id: str, epoch: int) -> OpenedHolds:
        opened = await inner(performance_id, epoch)
        await reply.wait()
        return opened

    stage.hold_store.open = late_reply  # type: ignore[method-assign]
    node = stage.node("node_a")
    unaware = asyncio.create_task(node.owner(HOUSE, NAME))
    await stage.clock.sleep(0.1)
    assert await stage.record.take(NAME, 1, "node_b", "node_b:1") == 2
    stage.alive.add("node_b")
    aware = asyncio.create_task(node.owner(HOUSE, NAME, epoch=2))
    asked = asyncio.create_task(node.execute(HOUSE, NAME, [hold("h1", 1)], epoch=2))
    await stage.clock.sleep(0.1)
    reply.set()
    assert isinstance(await unaware, PerformanceActor)
    with pytest.raises(OwnerGone):
        await aware
    assert await asked == NotOwner("node_b:1", 2)


@virtual
async def test_an_owner_that_ends_as_it_comes_up_is_given_to_nobody() -> None:
    """Simulation, seed 10385: a node woke up, lost its lease in the same moment, and a watcher waited for ever."""
    stage = Stage()
    node = stage.node("node_a")
    asked = asyncio.create_task(node.owner(HOUSE, NAME))
    while not node.actors:
        await stage.clock.sleep(0)
    stage.alive.discard("node_a")
    with pytest.raises(LeaseLost):
        await node.owner(HOUSE, NAME)
    with pytest.raises(OwnerGone):
        await asked


@virtual
async def test_a_callers_lower_epoch_is_no_reason_to_refuse() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    await node.let_go(NAME)
    decisions = await node.execute(HOUSE, NAME, [hold("h1", 1)], epoch=1)
    assert not isinstance(decisions, NotOwner)
    assert (await stage.owner(node)).epoch == 2


@virtual
async def test_an_idle_performance_leaves_memory_and_comes_back_whole() -> None:
    stage = Stage()
    node = stage.node("node_a", idle_seconds=30)
    await done(node, hold("h1", 1), claim("o1", "h1", 1))
    loop = asyncio.create_task(node.keep_rules_fresh())
    await stage.clock.sleep(30 + 2 * RULES_TICK_SECONDS)
    assert node.actors == []
    owner = await stage.record.owner_of(NAME)
    assert owner is not None
    assert (owner.incarnation, owner.epoch) == ("", 1)
    other = await stage.owner(stage.node("node_b"))
    assert (other.epoch, other.seat_map.status(1)) == (2, CLAIMED)
    loop.cancel()


@virtual
async def test_an_owner_that_is_only_read_from_learns_that_it_was_superseded() -> None:
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    loop = asyncio.create_task(node.keep_rules_fresh())
    # Somebody else has taken the performance without a word, as after a lost lease.
    assert await stage.record.take(NAME, 1, "node_b", "127.0.0.1:2") == 2
    await stage.clock.sleep(2 * RULES_TICK_SECONDS)
    assert node.actors == []
    loop.cancel()


@virtual
async def test_a_performance_with_a_living_hold_or_a_watcher_is_not_idle() -> None:
    stage = Stage()
    node = stage.node(idle_seconds=10)
    loop = asyncio.create_task(node.keep_rules_fresh())
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    await stage.clock.sleep(60)
    assert node.actors == [actor]
    watcher = actor.feed.join()
    await done(node, claim("o1", "h1", 1))
    await stage.clock.sleep(60)
    assert node.actors == [actor]
    actor.feed.leave(watcher)
    await stage.clock.sleep(20)
    assert node.actors == []
    loop.cancel()


@virtual
async def test_a_hand_over_decides_what_waits_and_the_next_node_takes_it_without_waiting() -> None:
    stage = Stage()
    leaving, staying = stage.node("node_a"), stage.node("node_b")
    await done(leaving, hold("h1", 1))
    gate = Gate()
    stage.holds.steps.append(gate)
    in_flight = asyncio.create_task(ask(leaving, hold("h2", 2)))
    await gate.reached.wait()
    waiting = asyncio.create_task(ask(leaving, hold("h3", 3)))
    await stage.clock.sleep(0)
    handing_over = asyncio.create_task(leaving.hand_over())
    await stage.clock.sleep(0.01)
    gate.open()
    await handing_over
    for answered in (await in_flight, await waiting):
        assert isinstance(answered[0], Accepted)
    before = stage.clock.monotonic()
    successor = await stage.owner(staying)
    assert stage.clock.monotonic() == before
    assert "node_a" in stage.alive
    assert set(successor.seat_map.holds) == {"h1", "h2", "h3"}
    with pytest.raises(LeaseLost):
        await leaving.execute(HOUSE, NAME, [hold("h4", 4)])


@virtual
async def test_a_node_without_its_lease_answers_for_nothing_and_forgets() -> None:
    """RULE 5: until it is renewed; then it loads anew under a fresh epoch."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    waiting = actor.submit([hold("h2", 2)], None)
    stage.alive.discard("node_a")
    with pytest.raises(LeaseLost):
        await node.execute(HOUSE, NAME, [hold("h3", 3)])
    assert node.actors == []
    assert not isinstance(waiting, Overloaded)
    await asyncio.wait([waiting])
    stage.alive.add("node_a")
    again = await stage.owner(node)
    assert again.epoch == 2
    assert again.seat_map.status(1) == HELD


@virtual
async def test_a_node_that_is_always_second_says_so_and_stops_trying() -> None:
    class Contested(MemoryRecord):
        """Somebody else's take always comes first."""

        async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
            await super().take(performance_id, seen_epoch, f"dead_{seen_epoch}", "dead:1")
            return None

    stage = Stage()
    with pytest.raises(OwnershipContended):
        await stage.node(directory=Contested()).owner(HOUSE, NAME)


class SlowPerformances(MemoryPerformances):
    """The catalogue takes its time, for one house."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.performance)
        self._stage = stage

    async def find(self, house_id: str, performance_id: str) -> Performance | PerformanceNotFound:
        await self._stage.clock.sleep(1)
        return await super().find(house_id, performance_id)


@pytest.mark.parametrize("foreign_first", [True, False])
@virtual
async def test_a_foreign_house_that_asks_at_the_same_time_changes_nothing_for_the_rightful_one(
    foreign_first: bool,
) -> None:
    """INV-8: each gets its own answer, whoever began the activation."""
    stage = Stage()
    node = stage.node(performances=SlowPerformances(stage))
    houses = ["house_2", HOUSE] if foreign_first else [HOUSE, "house_2"]
    answers = dict(zip(houses, await asyncio.gather(*(node.owner(house, NAME) for house in houses)), strict=True))
    assert isinstance(answers[HOUSE], PerformanceActor)
    assert answers["house_2"] == PerformanceNotFound(NAME)
    assert (await stage.owner(node)).epoch == 1


@virtual
async def test_a_caller_that_leaves_during_the_activation_does_not_stop_it_for_others() -> None:
    stage = Stage()
    node = stage.node(performances=SlowPerformances(stage))
    leaves = asyncio.create_task(ask(node, hold("h1", 1)))
    stays = asyncio.create_task(ask(node, hold("h2", 2)))
    await stage.clock.sleep(0.5)
    leaves.cancel()
    assert isinstance((await stays)[0], Accepted)
    assert (await stage.owner(node)).epoch == 1


@pytest.mark.parametrize("command", [claim("o1", "h1", 1), c.BlockSeats((5,), "camera"), c.CancelSale("o9")])
@virtual
async def test_a_hand_over_waits_for_the_records_word_on_a_batch_under_way(command: c.RecordCommand) -> None:
    """Else its caller would be told that nobody knows, and the next owner would load a record about to change."""
    stage = Stage()
    node = stage.node("node_a")
    await done(node, hold("h1", 1))
    gate = Gate()
    stage.claims.steps.append(gate)
    asked = asyncio.create_task(ask(node, command))
    await gate.reached.wait()
    handing_over = asyncio.create_task(node.hand_over())
    await stage.clock.sleep(1.0)
    owner = await stage.record.owner_of(NAME)
    assert owner is not None
    assert (owner.incarnation, handing_over.done(), asked.done()) == ("node_a", False, False)
    gate.open()
    (decision,) = await asked
    assert isinstance(decision, Accepted)
    await handing_over
    released = await stage.record.owner_of(NAME)
    assert released is not None
    assert (released.incarnation, released.epoch) == ("", 1)
    assert stage.claims.in_flight == 0


@virtual
async def test_a_living_owner_takes_over_changed_rules() -> None:
    stage = Stage()
    node = stage.node()
    loop = asyncio.create_task(node.keep_rules_fresh())
    await done(node, hold("h1", 1))
    actor = await stage.owner(node)
    for rules, decided in (
        (msgspec.structs.replace(RULES, on_sale=False), NotOnSale()),
        (msgspec.structs.replace(RULES, seats_per_holder=1), HolderLimit(limit=1, has=1, asked=1)),
    ):
        stage.performances.put(dataclasses.replace(stage.performance, rules=rules))
        await stage.clock.sleep(2 * RULES_TICK_SECONDS)
        assert await ask(node, hold("h2", 2)) == [decided]
    stage.performances.put(dataclasses.replace(stage.performance, rules=RULES))
    await stage.clock.sleep(2 * RULES_TICK_SECONDS)
    await done(node, hold("h2", 2))
    assert await stage.owner(node) is actor
    loop.cancel()
