"""Killed at any point, sender and handlers: nothing is lost, and nothing is told again whose answer was known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds, seeded_random
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.port import CarrierLimits, Dispatch
from services.runtime.outbound.sender import Sender, SenderLimits
from services.runtime.testing.eventually import eventually
from tests.integration.outbound.stage import FAR, NEAR, SEAL, Company, Stage, dispatch

KILLS = 200
SEED = SystemClock().now_ms() % 1_000_000
_FOREVER = 3_600.0


class Grave:
    """Counts points, and at the one that was drawn the process is no more: nothing after it is run."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.died = asyncio.Event()
        self.where = ""

    async def point(self, where: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.where = where
            self.died.set()
        if self.left <= 0:
            await SystemClock().sleep(_FOREVER)


class MortalLeases(Leases):
    """Every statement with a point before it and one after its commit."""

    def __init__(self, engine: Any, grave: Grave) -> None:
        super().__init__(engine)
        self._grave = grave

    async def _between(self, name: str, act: Callable[[], Any]) -> Any:
        await self._grave.point(f"before {name}")
        answer = await act()
        await self._grave.point(f"after {name}")
        return answer

    async def lease(self, *args: Any, **kwargs: Any) -> Any:
        return await self._between("lease", lambda: super(MortalLeases, self).lease(*args, **kwargs))

    async def next(self, *args: Any, **kwargs: Any) -> Any:
        return await self._between("next", lambda: super(MortalLeases, self).next(*args, **kwargs))

    async def report(self, *args: Any, **kwargs: Any) -> Any:
        return await self._between("report", lambda: super(MortalLeases, self).report(*args, **kwargs))

    async def release(self, *args: Any, **kwargs: Any) -> Any:
        return await self._between("release", lambda: super(MortalLeases, self).release(*args, **kwargs))


class MortalCompany(Company):
    """The call is on its way, and its answer is on the way back."""

    grave: Grave

    async def carry(self, target: Any, dispatches: Any) -> Any:
        grave = self.grave
        await grave.point("before the call")
        carried = await super().carry(target, dispatches)
        await grave.point("after the call")
        return carried


def sender_of(stage: Stage, company: MortalCompany, number: int) -> Sender:
    """A new process."""
    return Sender(
        "stage",
        MortalLeases(stage.engine, company.grave),
        company,
        SEAL,
        clock=stage.clock,
        ids=SeededIds(1_000 + number),
        limits=SenderLimits(idle_seconds=_FOREVER, linger_seconds=0.0),
        seed=number,
    )


async def kill(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until_it_dies(stage: Stage, grave: Grave, steps: int) -> None:
    """At its point, or after so many steps of whatever runs; or when there is nothing left to do."""
    if steps:
        for _ in range(steps):
            await SystemClock().sleep(0)
        return
    ends = [asyncio.create_task(grave.died.wait()), asyncio.create_task(eventually(lambda: _is_idle(stage)))]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        await kill(end)


async def settled_keys(stage: Stage) -> set[tuple[str, str]]:
    rows = await stage.rows("SELECT target_id, key FROM outbound_dispatch WHERE settled IS NOT NULL")
    return {(row.target_id, row.key) for row in rows}


@pytest.mark.parametrize("commits", [True, False], ids=["at commits and calls", "in the middle of anything"])
async def test_200_kills_lose_nothing_and_repeat_only_what_was_unknown(stage: Stage, commits: bool) -> None:
    print("seed", SEED)  # noqa: T201 (for whoever plays it again)
    random = seeded_random(SEED)
    company = MortalCompany(limits=CarrierLimits(batch=2, at_once=2))
    wanted: list[Dispatch] = []
    where: set[str] = set()
    known: set[tuple[str, str]] = set()
    for number in range(KILLS // 2):
        new = [
            dispatch(f"{number}-{each}", target, lane=lane)
            for each, (target, lane) in enumerate(random.sample([(NEAR, "l"), (NEAR, ""), (FAR, "l"), (NEAR, "")], 3))
        ]
        wanted += new
        # The handler dies too: what it had not committed is put again by the event's next delivery.
        handler = asyncio.create_task(stage.put(*new))
        for _ in range(random.randrange(60)):
            await SystemClock().sleep(0)
        await kill(handler)
        await stage.put(*wanted[-9:])
        company.grave = grave = Grave(random.randrange(1, 16) if commits else 10_000)
        before = len(company.heard)
        task = asyncio.create_task(sender_of(stage, company, number).run())
        await until_it_dies(stage, grave, 0 if commits else random.randrange(1, 400))
        await kill(task)
        where.add(grave.where)
        heard = [(target.target_id, key) for target, key, _ in company.heard[before:]]
        assert not known & set(heard), f"told again although its answer was written down: {known & set(heard)}"
        known = await settled_keys(stage)
        stage.clock.ahead_ms += 31_000
    company.grave = Grave(1_000_000)
    task = asyncio.create_task(sender_of(stage, company, KILLS).run())
    await eventually(lambda: _is_idle(stage))
    await kill(task)
    told = {(target.target_id, key) for target, key, _ in company.heard}
    assert told == {(each.target.target_id, each.key) for each in wanted}
    assert set((await stage.states(NEAR)).values()) | set((await stage.states(FAR)).values()) == {"delivered"}
    assert company.twice_at_once == []
    for target in (NEAR, FAR):
        firsts = list(dict.fromkeys(key for key in company.keys(target) if _lane_of(wanted, target, key)))
        assert firsts == [each.key for each in wanted if each.target == target and each.lane]
    if commits:
        assert where >= {"before the call", "after the call", "before report", "after report", "after lease"}
        assert len(company.heard) > len(told), "nobody died with an answer unknown: this has shown nothing"


async def _is_idle(stage: Stage) -> bool:
    return not await stage.rows("SELECT 1 FROM outbound_dispatch WHERE settled IS NULL LIMIT 1")


def _lane_of(wanted: list[Dispatch], target: Any, key: str) -> str:
    return next(each.lane for each in wanted if each.target == target and each.key == key)
