"""A stage for the outbound base over real PostgreSQL: a double that counts keys, and a clock that can be moved."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import SystemClock
from services.runtime.ids import SeededIds
from services.runtime.outbound.answers import word_of
from services.runtime.outbound.desk import Desk
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.port import (
    Carried,
    CarrierLimits,
    Dispatch,
    Done,
    Exchange,
    Outcome,
    Settled,
    Target,
)
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.outbound.sender import Sender, SenderLimits
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses, HouseScope

HOUSE, OTHER_HOUSE = "hou_one", "hou_two"
NEAR = Target(HOUSE, "trk_near")
FAR = Target(OTHER_HOUSE, "trk_far")
DELIVERED = Done(Settled.DELIVERED, "answered 200")
SEAL = Seal(["a secret of the stage's own, long enough"], owner="stage")

EVERYTHING = AllHouses("a test looks at every house")


class MovableClock(SystemClock):
    """The machine's, and `ahead_ms` more."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_ms / 1000


def dispatch(key: str, target: Target = NEAR, **changed: Any) -> Dispatch:
    values = {"kind": "purchase", "body": f"body of {key}".encode(), "made_at_ms": 1_000, "about": key, **changed}
    return Dispatch(target=target, key=key, **values)


@dataclass
class Company:
    """An outside system that counts what it hears, by target and key, and answers as `script` says; else it takes it.

    `holds`: targets that do not answer until their event is set.
    """

    limits: CarrierLimits = field(default_factory=CarrierLimits)
    heard: list[tuple[Target, str, bytes]] = field(default_factory=list)
    calls: list[tuple[Target, tuple[str, ...]]] = field(default_factory=list)
    script: dict[Target, deque[Outcome]] = field(default_factory=dict)
    always: dict[Target, Callable[[Dispatch], Outcome]] = field(default_factory=dict)
    holds: dict[Target, asyncio.Event] = field(default_factory=dict)
    raises: dict[str, Exception] = field(default_factory=dict)
    at_once: Counter[Target] = field(default_factory=Counter)
    most_at_once: Counter[Target] = field(default_factory=Counter)
    under_way: Counter[tuple[Target, str]] = field(default_factory=Counter)
    twice_at_once: list[str] = field(default_factory=list)
    tells: bool = True

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """See Carrier."""
        self._begin(target, dispatches)
        try:
            if (hold := self.holds.get(target)) is not None:
                await hold.wait()
            else:
                await SystemClock().sleep(0)
            for each in dispatches:
                if each.key in self.raises:
                    raise self.raises[each.key]
            outcomes = [self._answer(target, each) for each in dispatches]
        finally:
            self._end(target, dispatches)
        return Carried(outcomes, [self._exchange(target, dispatches, outcomes)] if self.tells else [])

    def _begin(self, target: Target, dispatches: Sequence[Dispatch]) -> None:
        assert 1 <= len(dispatches) <= self.limits.batch
        assert {each.target for each in dispatches} == {target}
        self.calls.append((target, tuple(each.key for each in dispatches)))
        self.heard += [(target, each.key, each.body) for each in dispatches]
        self.at_once[target] += 1
        self.most_at_once[target] = max(self.most_at_once[target], self.at_once[target])
        for each in dispatches:
            self.under_way[target, each.key] += 1
            if self.under_way[target, each.key] > 1:
                self.twice_at_once.append(each.key)

    def _end(self, target: Target, dispatches: Sequence[Dispatch]) -> None:
        self.at_once[target] -= 1
        for each in dispatches:
            self.under_way[target, each.key] -= 1

    def _answer(self, target: Target, each: Dispatch) -> Outcome:
        if self.script.get(target):
            return self.script[target].popleft()
        answer = self.always.get(target)
        return DELIVERED if answer is None else answer(each)

    def _exchange(self, target: Target, dispatches: Sequence[Dispatch], outcomes: Sequence[Outcome]) -> Exchange:
        return Exchange(
            target, "POST /events", dispatches[0].kind, 1, 2, 200, "fine", "00", len(dispatches), word_of(outcomes[0])
        )

    def keys(self, target: Target) -> list[str]:
        """What was heard, in order, each as often as it was."""
        return [key for whom, key, _ in self.heard if whom == target]


@dataclass
class Stage:
    """One integration's outbound side, with as many senders as a test wants."""

    engine: AsyncEngine
    clock: MovableClock
    company: Company
    woken: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = PostgresQueue(SEAL, self.clock, SeededIds(1), self.wake)
        self.desk = Desk(self.engine, self.clock, self.wake)
        self._senders = 0

    def wake(self) -> None:
        for wake in self.woken:
            wake()

    def sender(self, **limits: Any) -> Sender:
        """A process of its own; it looks when it is woken, and not by itself."""
        self._senders += 1
        sender = Sender(
            "stage",
            Leases(self.engine),
            self.company,
            SEAL,
            clock=self.clock,
            ids=SeededIds(100 + self._senders),
            limits=SenderLimits(**{"idle_seconds": 3_600.0, "linger_seconds": 0.0, **limits}),
            seed=self._senders,
        )
        self.woken.append(sender.wake)
        return sender

    @asynccontextmanager
    async def running(self, *senders: Sender) -> AsyncIterator[None]:
        """They carry meanwhile; what is under way at the end is cut off."""
        tasks = [asyncio.create_task(sender.run()) for sender in senders or (self.sender(),)]
        try:
            yield
            for task in tasks:
                assert not task.done(), task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def carry(self, **limits: Any) -> list[str]:
        """What one process carries that finds what is due now; the keys that were heard."""
        before = len(self.company.heard)
        await self.sender(**limits).carry_due()
        return [key for _, key, _ in self.company.heard[before:]]

    def move(self, seconds: float) -> None:
        """Time passes, and everybody looks."""
        self.clock.ahead_ms += int(seconds * 1000)
        self.wake()

    async def put(self, *dispatches: Dispatch, latest: bool = False) -> int:
        """In one transaction for each house."""
        added = 0
        for house_id in {each.target.house_id for each in dispatches}:
            own = [each for each in dispatches if each.target.house_id == house_id]
            async with connected(self.engine, HouseScope(house_id)) as connection:
                put = self.queue.put_latest if latest else self.queue.put
                added += await put(connection, own)
        return added

    async def drop(self, target: Target) -> int:
        async with connected(self.engine, HouseScope(target.house_id)) as connection:
            return await self.queue.drop(connection, target, "archived")

    async def mend(self, target: Target) -> None:
        async with connected(self.engine, HouseScope(target.house_id)) as connection:
            await self.queue.mend(connection, target)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with connected(self.engine, EVERYTHING) as connection:
            return list(await connection.execute(text(statement), values))

    async def change(self, statement: str, **values: Any) -> None:
        async with connected(self.engine, EVERYTHING) as connection:
            await connection.execute(text(statement), values)

    async def states(self, target: Target = NEAR) -> dict[str, str]:
        """By key: `waiting`, or how it was settled."""
        rows = await self.rows(
            "SELECT key, coalesce(settled, 'waiting') AS state FROM outbound_dispatch WHERE target_id = :target_id",
            target_id=target.target_id,
        )
        return {row.key: row.state for row in rows}

    async def target(self, target: Target = NEAR) -> Any:
        return (await self.rows("SELECT * FROM outbound_target WHERE target_id = :id", id=target.target_id))[0]

    async def is_settled(self, target: Target = NEAR) -> bool:
        """Nothing waits for the target, and there was something."""
        states = await self.states(target)
        return bool(states) and "waiting" not in states.values()


@asynccontextmanager
async def open_stage(url: str, company: Company | None = None) -> AsyncIterator[Stage]:
    engine = create_engine(url, application="stage", pool_size=6)
    try:
        yield Stage(engine, MovableClock(), company or Company())
    finally:
        await engine.dispose()
