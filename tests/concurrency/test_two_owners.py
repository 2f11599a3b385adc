"""RULES 3, 4, 36: two nodes that both believe to own a performance, with and without each guard, on real stores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import product

import pytest

from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.runtime.testing.servers import DatabaseUrl
from tests.concurrency.rig import Guards, Rig, Told, running_rig

ONLINE = 2
# Seats that buyers hold first, and seats that late payers claim although they hold nothing.
HELD_SEATS = range(8)
LATE_SEATS = range(8, 16)
BUYERS_A_SEAT = 6


async def race(rig: Rig) -> Told:
    """Late payers, then buyers who hold, then their claims: in each phase everybody at once, half at each node."""
    told = Told()
    await rig.believe()

    async def pays_late(number: int, seat: int) -> None:
        name = f"late{seat}_{number}"
        command = c.ClaimSeats(f"o{name}", name, "", (seat,), ONLINE)
        if isinstance(await rig.decide(rig.nodes[number % 2], command), Accepted):
            told.orders[seat].add(command.order_id)

    async def holds(number: int, seat: int) -> None:
        name = f"buyer{seat}_{number}"
        command = c.HoldSeats(f"h{name}", name, (seat,), ONLINE)
        if isinstance(await rig.decide(rig.nodes[number % 2], command), Accepted):
            told.holders[seat].add(name)

    async def claims(name: str, seat: int) -> None:
        number = int(name.rsplit("_", 1)[1])
        command = c.ClaimSeats(f"o{name}", name, f"h{name}", (seat,), ONLINE)
        if isinstance(await rig.decide(rig.nodes[number % 2], command), Accepted):
            told.orders[seat].add(command.order_id)

    await asyncio.gather(*(pays_late(number, seat) for number, seat in product(range(BUYERS_A_SEAT), LATE_SEATS)))
    await asyncio.gather(*(holds(number, seat) for number, seat in product(range(BUYERS_A_SEAT), HELD_SEATS)))
    await asyncio.gather(*(claims(name, seat) for seat, names in list(told.holders.items()) for name in names))
    return told


@pytest.mark.parametrize("guards", [Guards(*switches) for switches in product([True, False], repeat=3)], ids=str)
async def test_each_guard_stops_what_it_is_there_for(
    redis_url: str, database_url: DatabaseUrl, emptied_database_url: Callable[[str], str], guards: Guards
) -> None:
    """Sales double only where neither epoch check nor unique index stands, holds wherever no fence does."""
    # Without its index the schema is spoilt for others.
    url = emptied_database_url("inventory") if guards.unique_index else database_url("inventory")
    async with running_rig(redis_url, url, guards) as rig:
        told = await race(rig)
        recorded = await rig.recorded()
    safe = guards.epoch_check or guards.unique_index
    if safe:
        assert told.double_sales == []
        # Nobody was told of a claim that the record does not have, and every claim has somebody who knows of it.
        assert recorded == told.orders
        assert set(recorded) >= set(LATE_SEATS)
    else:
        assert told.double_sales
        assert any(len(orders) > 1 for orders in recorded.values())
    if guards.fence:
        assert told.double_holds == []
    else:
        assert told.double_holds
    if guards == Guards():
        assert set(recorded) == {*HELD_SEATS, *LATE_SEATS}


async def test_with_every_guard_on_wrong_belief_costs_epochs_and_nothing_else(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    """RULE 4: the nodes take the performance from each other again and again while buyers fill the hall."""
    seats = 40
    async with running_rig(redis_url, emptied_database_url("inventory"), Guards(), capacity=seats, nodes=3) as rig:
        told = Told()

        async def buyer(number: int) -> None:
            name = f"b{number}"
            for seat in ((number * 7 + step * 13) % seats for step in range(seats)):
                decision = await rig.decide(
                    rig.nodes[number % 2], c.HoldSeats(f"h{name}_{seat}", name, (seat,), ONLINE)
                )
                if not isinstance(decision, Accepted):
                    continue
                other = rig.nodes[1 - number % 2]
                claimed = await rig.decide(other, c.ClaimSeats(f"o{name}", name, f"h{name}_{seat}", (seat,), ONLINE))
                assert isinstance(claimed, Accepted), claimed
                assert isinstance(await rig.decide(rig.nodes[number % 2], c.ConfirmClaim(f"o{name}")), Accepted)
                told.orders[seat].add(f"o{name}")
                return

        await asyncio.gather(*(buyer(number) for number in range(60)))
        assert told.double_sales == []
        assert len(told.orders) == seats
        assert await rig.recorded() == told.orders
        judge = (await rig.believe())[-1]
        assert judge.epoch > 4
        assert judge.seat_map.counts().sold == seats
