"""RULE 17: a hold that is claimed while it is released or runs out goes one way, and everybody is told the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import HoldEnded, HoldExpired
from services.inventory.domain.seat_state import CLAIMED, FREE
from services.runtime.errors import Refusal
from services.runtime.ids import seeded_random
from services.runtime.testing import eventually
from tests.concurrency.rig import Guards, Rig, running_rig

ONLINE = 2
RACES = 300
SHARE = RACES // 3
HOLD_MS = 600_000


def claim(number: int) -> c.ClaimSeats:
    return c.ClaimSeats(f"o{number}", "anna", f"h{number}", (number,), ONLINE)


async def held(rig: Rig) -> None:
    node = rig.nodes[0]
    for start in range(0, RACES, 100):
        commands = [c.HoldSeats(f"h{n}", "anna", (n,), ONLINE) for n in range(start, start + 100)]
        decided = await node.execute("house_1", "perf_1", commands)
        assert not isinstance(decided, Refusal)
        assert all(isinstance(decision, Accepted) for decision in decided.decisions)


async def test_of_a_claim_and_a_release_at_once_exactly_one_wins(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    rules = HoldRules(True, RACES, HOLD_MS)
    chance = seeded_random(17)
    async with running_rig(
        redis_url, emptied_database_url("inventory"), Guards(), capacity=RACES, rules=rules, nodes=1
    ) as rig:
        await held(rig)
        node = rig.nodes[0]

        async def started(command: c.Command, after: float) -> Decision:
            await rig.clock.sleep(after + chance.uniform(0.0, 0.01))
            return await rig.decide(node, command)

        async def race(number: int) -> bool:
            # Started in one and the same moment the claim always wins: the record's batch is begun before the turn.
            at = chance.uniform(0.0, 0.3)
            claimed, released = await asyncio.gather(
                started(claim(number), at), started(c.ReleaseHold(f"h{number}", "anna"), at)
            )
            assert isinstance(released, Accepted)
            assert (released.change is None) == isinstance(claimed, Accepted)
            assert isinstance(claimed, Accepted | HoldEnded)
            return isinstance(claimed, Accepted)

        won = await asyncio.gather(*(race(number) for number in range(RACES)))
        (actor,) = await rig.believe()
        assert [actor.seat_map.status(n) for n in range(RACES)] == [CLAIMED if claimed else FREE for claimed in won]
        assert set(await rig.recorded()) == {number for number, claimed in enumerate(won) if claimed}
        assert 0 < sum(won) < RACES


async def test_of_a_claim_and_the_end_of_its_hold_exactly_one_wins(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    rules = HoldRules(True, RACES, HOLD_MS, grace_ms=0)
    chance = seeded_random(23)
    async with running_rig(
        redis_url, emptied_database_url("inventory"), Guards(), capacity=RACES, rules=rules, nodes=1
    ) as rig:
        await held(rig)
        (actor,) = await rig.believe()

        async def tick() -> None:
            while True:
                actor.propose_expiries()
                await rig.clock.sleep(0.001)

        answered: list[bool] = []
        ended = asyncio.Event()

        async def race(number: int) -> bool:
            if number >= 2 * SHARE:
                await ended.wait()
            await rig.clock.sleep(chance.uniform(0.0, 0.2))
            answer = await rig.decide(rig.nodes[0], claim(number))
            assert isinstance(answer, Accepted | HoldEnded | HoldExpired)
            answered.append(isinstance(answer, Accepted))
            if len(answered) == SHARE:
                # Of the rest some are under way, and some have not begun.
                rig.clock.ahead_ms = HOLD_MS
                ended.set()
            return isinstance(answer, Accepted)

        ticking = asyncio.create_task(tick())
        won = await asyncio.gather(*(race(number) for number in range(RACES)))
        await eventually(lambda: not actor.seat_map.holds)
        ticking.cancel()
        assert [actor.seat_map.status(n) for n in range(RACES)] == [CLAIMED if claimed else FREE for claimed in won]
        assert set(await rig.recorded()) == {number for number, claimed in enumerate(won) if claimed}
        assert 0 < sum(won) < RACES


async def test_a_claim_here_and_a_release_there_go_one_way_too(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    """Two nodes that both believe: the claim at one, the release at the other, holds made by either."""
    rules = HoldRules(True, RACES, HOLD_MS)
    async with running_rig(redis_url, emptied_database_url("inventory"), Guards(), rules=rules, nodes=3) as rig:

        async def race(number: int) -> bool:
            here, there = rig.nodes[number % 2], rig.nodes[1 - number % 2]
            held_here = await rig.decide(here, c.HoldSeats(f"h{number}", "anna", (number,), ONLINE))
            assert isinstance(held_here, Accepted)
            claimed, released = await asyncio.gather(
                rig.decide(here, claim(number)), rig.decide(there, c.ReleaseHold(f"h{number}", "anna"))
            )
            assert isinstance(released, Accepted)
            # A release that a node had to repeat finds nothing left: only a release that was seen excludes the claim.
            assert released.change is None or not isinstance(claimed, Accepted), (claimed, released)
            return isinstance(claimed, Accepted)

        won = await asyncio.gather(*(race(number) for number in range(60)))
        judge = (await rig.believe())[-1]
        assert [judge.seat_map.status(n) for n in range(60)] == [CLAIMED if claimed else FREE for claimed in won]
        assert set(await rig.recorded()) == {number for number, claimed in enumerate(won) if claimed}
