"""Kills and bad answers by a seed, in the middle of everything: in the end the platform has the state's figures."""

from __future__ import annotations

import asyncio
from random import Random  # noqa: TID251 (a type; the generator comes from runtime.ids)

import pytest
from sqlalchemy import text

from services.integrations.podiumkunst.adapters.sales_intake import take_changes
from services.runtime.ids import seeded_random
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses
from tests.integration.podiumkunst.events import HOUSE, confirmed, heard, partly, refunded
from tests.integration.podiumkunst.push_stage import NUMBER, Stage

ROUNDS = 40
NUMBERS = {NUMBER: "prf_1", "NL-26-7|1": "prf_2", "NL-26-7|02": "prf_3"}
BAD = ("500", "html", "wrong_json", "error_in_200", "429", "kept_then_500")


class Killed(Exception):
    """The process dies before its transaction ends."""


class Sales:
    """Makes events of orders and keeps those that no consumer has applied yet: they come again."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0
        self._open: list[tuple[str, str]] = []
        self.unapplied: list[IncomingEvent] = []

    def go_on(self) -> None:
        """A few more sales and refunds."""
        for _ in range(self._random.randint(1, 4)):
            performance_id = self._random.choice(list(NUMBERS.values()))
            self._made += 1
            order_id = f"o{self._made}"
            self._open.append((order_id, performance_id))
            tickets = self._random.randint(1, 4)
            self.unapplied.append(heard(confirmed(order_id, tickets, performance_id=performance_id)))
        if self._random.random() < 0.4:
            order_id, performance_id = self._open.pop(self._random.randrange(len(self._open)))
            self.unapplied.append(heard(refunded(order_id, performance_id=performance_id)))
        elif self._random.random() < 0.4:
            order_id, performance_id = self._random.choice(self._open)
            if performance_id == "prf_1":
                self.unapplied.append(heard(partly(order_id, self._random.randint(1, 2_000), 2_750)))

    async def apply(self, stage: Stage) -> None:
        """As a consumer that dies now and then: what its transaction did not keep comes again, and more than that."""
        dies = self._random.random() < 0.3
        batch = list(self.unapplied)
        try:
            async with connected(stage.engine, AllHouses("a test's events are of many houses")) as connection:
                await take_changes(connection, batch)
                if dies:
                    raise Killed
        except Killed:
            return
        # The commit is there, and its offset is not: the same comes once more.
        self.unapplied = batch if self._random.random() < 0.2 else []


async def truth(stage: Stage) -> dict[str, tuple[int, int]]:
    """By number: what all orders have left, added up anew."""
    async with connected(stage.engine, AllHouses("a test looks")) as connection:
        rows = await connection.execute(
            text(
                "SELECT o.performance_id, sum(u.tickets), sum(u.recette) FROM figure_orders o, "
                "unnest(o.tickets, o.recettes) AS u (tickets, recette) GROUP BY 1"
            )
        )
        left = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    return {number: left.get(performance_id, (0, 0)) for number, performance_id in NUMBERS.items()}


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_dies_and_whatever_the_platform_answers_it_ends_with_the_states_figures(
    stage: Stage, seed: int
) -> None:
    random = seeded_random(seed)
    await stage.house(HOUSE, "kring", *NUMBERS)
    for number, performance_id in NUMBERS.items():
        await stage.link(number, performance_id)
    sales = Sales(random)
    for _ in range(2):
        stage.start_sender()
    for _ in range(ROUNDS):
        sales.go_on()
        await sales.apply(stage)
        await stage.misbehave(random.choice(BAD) if random.random() < 0.5 else "", times=random.randint(1, 3))
        pushing = asyncio.create_task(stage.pusher.push(HOUSE, all_of_it=random.random() < 0.3))
        other = asyncio.create_task(stage.pusher.push(HOUSE, all_of_it=False))
        if random.random() < 0.3:
            await asyncio.wait({pushing}, timeout=random.random() * 0.02)
            pushing.cancel()
        if random.random() < 0.3:
            stage.kill_sender()
            stage.start_sender()
        await asyncio.gather(pushing, other, return_exceptions=True)
    await stage.misbehave("")
    while sales.unapplied:
        await sales.apply(stage)
    await stage.pusher.push(HOUSE, all_of_it=False)
    await stage.all_carried()
    assert {number: await stage.sold(number) for number in NUMBERS} == await truth(stage)
    assert await stage.audited() == []
