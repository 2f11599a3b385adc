"""A database that is silent for a while ends nothing that is under way: what is ended would be told twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

from services.runtime.clock import Clock, LoopClock
from services.runtime.ids import SeededIds
from services.runtime.outbound.leases import Lease, Leases, Report, Waiting
from services.runtime.outbound.port import Carried, CarrierLimits, Dispatch, Done, Settled, Target
from services.runtime.outbound.retrying import CLOSED
from services.runtime.outbound.sender import Sender, SenderLimits
from services.runtime.seal import Seal
from services.runtime.testing import run_virtual

NEAR = Target("hou_one", "trk_near")
SEAL = Seal(["a secret of the test's own, long enough"], owner="test")


class Database(Leases):
    """Two dispatches of one target; silent from `silent_from` to `silent_until` seconds."""

    def __init__(self, clock: Clock, *keys: str, silent: tuple[float, float] = (0, 0), expired: str = "") -> None:
        self._clock = clock
        self._silent = silent
        self._keys = keys
        self._expired = expired
        self._is_leased = False
        self.is_holder = True
        self.asked_in_silence = 0
        self.told: Counter[str] = Counter()

    def _ask(self) -> None:
        if self._silent[0] <= self._clock.monotonic() < self._silent[1]:
            self.asked_in_silence += 1
            raise ConnectionResetError

    async def lease(self, limit: int, *, now_ms: int, until_ms: int) -> list[Lease]:
        self._ask()
        if self._is_leased:
            return []
        self._is_leased = True
        return [Lease(NEAR, 1, CLOSED)]

    async def next(
        self, lease: Lease, limit: int, in_flight: Collection[str], *, now_ms: int, until_ms: int
    ) -> list[Waiting]:
        self._ask()
        keys = [key for key in self._keys if key not in self.told and key not in in_flight]
        return [Waiting(key, 1, False, self._dispatch(key, now_ms)) for key in keys]

    def _dispatch(self, key: str, now_ms: int) -> Dispatch:
        expires_at_ms = max(now_ms, 1) if key == self._expired else 0
        return Dispatch(NEAR, key, "purchase", SEAL.sealed(b"body"), 1, expires_at_ms=expires_at_ms)

    async def keep(self, lease: Lease, *, now_ms: int, until_ms: int) -> bool:
        self._ask()
        return self.is_holder

    async def report(self, lease: Lease, report: Report, *, now_ms: int, until_ms: int) -> bool:
        self._ask()
        self.told.update(each.waiting.dispatch_id for each in report.told)
        return self.is_holder

    async def release(self, lease: Lease) -> None:
        self._ask()

    async def expire(self, now_ms: int) -> int:
        self._ask()
        return 0


class Company:
    """Takes two seconds for the first of its dispatches, and two more for each other."""

    limits = CarrierLimits(at_once=2)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.heard: Counter[str] = Counter()

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        """See Carrier."""
        self.heard.update(each.key for each in dispatches)
        await self._clock.sleep(2.0 * len(self.heard))
        return Carried([Done(Settled.DELIVERED)] * len(dispatches))


def _sender(clock: Clock, database: Database, company: Company) -> Sender:
    limits = SenderLimits(idle_seconds=0.5, expire_seconds=0.5)
    return Sender("test", database, company, SEAL, clock=clock, ids=SeededIds(1), limits=limits, seed=1)


def test_what_is_under_way_when_the_database_falls_silent_is_told_once_and_written_down() -> None:
    async def main() -> tuple[Database, Company]:
        clock = LoopClock()
        began = clock.monotonic()
        database = Database(clock, "dsp_1", "dsp_2", silent=(began + 1, began + 8))
        company = Company(clock)
        running = asyncio.create_task(_sender(clock, database, company).run())
        await clock.sleep(20)
        assert not running.done(), running.exception()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return database, company

    database, company = run_virtual(main())
    assert database.asked_in_silence > 3, "the silence was met"
    assert company.heard == {"dsp_1": 1, "dsp_2": 1}
    assert set(database.told) == {"dsp_1", "dsp_2"}


def test_a_call_beside_another_goes_on_though_nothing_more_can_be_looked_for() -> None:
    async def main() -> tuple[Database, Company]:
        clock = LoopClock()
        began = clock.monotonic()
        # The first answer, at two seconds, is written down just before; the look for more meets the silence.
        database = Database(clock, "dsp_1", "dsp_2")
        company = Company(clock)
        written_down = database.report

        async def then_silent(lease: Lease, report: Report, *, now_ms: int, until_ms: int) -> bool:
            written = await written_down(lease, report, now_ms=now_ms, until_ms=until_ms)
            if "dsp_2" not in database.told:
                database._silent = (clock.monotonic(), began + 3)
            return written

        database.report = then_silent  # type: ignore[method-assign]
        await _sender(clock, database, company).carry_due()
        # A slow target is finished beside the others.
        await clock.sleep(5)
        return database, company

    database, company = run_virtual(main())
    assert database.asked_in_silence == 1
    assert company.heard == {"dsp_1": 1, "dsp_2": 1}
    assert set(database.told) == {"dsp_1", "dsp_2"}


def test_nothing_begins_on_a_lease_that_was_lost_while_an_expiry_was_written_down() -> None:
    async def main() -> Company:
        clock = LoopClock()
        database, company = Database(clock, "dsp_1", "dsp_2", expired="dsp_1"), Company(clock)
        database.is_holder = False
        await _sender(clock, database, company).carry_due()
        return company

    assert run_virtual(main()).heard == {}
