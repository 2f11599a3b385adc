"""Sends every house's figures by its clock. What a process that dies leaves undone goes out with the next round."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from services.integrations.podiumkunst.domain.rounds import Rounds
from services.integrations.podiumkunst.handlers.push import Pusher
from services.integrations.podiumkunst.ports.round_store import RoundStore
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.due_work import DueWork, Leased, WorkLimits

# Houses that are served at once: one whose neighbours are slow keeps none of the others.
_LIMITS: Final = WorkLimits(concurrency=8, idle_seconds=10.0)

_log = get_logger("push_rounds")


@dataclass(frozen=True, slots=True)
class _Round:
    """A house whose round this process has taken. `taken`: as it was before."""

    house_id: str
    taken: Rounds


class PushRounds:
    """One a process; they meet at the house's row. `wake()`: a link was made, its history goes out now (R0.10)."""

    def __init__(self, rounds: RoundStore, pusher: Pusher, clock: Clock) -> None:
        self._rounds = rounds
        self._pusher = pusher
        self._clock = clock
        self._work: DueWork[_Round] = DueWork(
            "push rounds", lease=self._take, act=self._serve, clock=clock, limits=_LIMITS
        )

    def wake(self) -> None:
        """Looks now."""
        self._work.wake()

    async def run(self) -> None:
        """Looks until cancelled. A house that cannot be served waits for its next round; the others do not wait."""
        await self._work.run()

    async def look(self) -> None:
        """All that is due now, without run()."""
        while (due := await self._take(_LIMITS.concurrency)).items:
            await asyncio.gather(*(self._serve(one) for one in due.items))

    async def _take(self, limit: int) -> Leased[_Round]:
        now_ms = self._clock.now_ms()
        houses = await self._rounds.due(now_ms, limit)
        taken = [(house_id, await self._rounds.take(house_id, now_ms)) for house_id in houses]
        found = [_Round(house_id, rounds) for house_id, rounds in taken if rounds is not None]
        return Leased(found, may_be_more=len(houses) == limit)

    async def _serve(self, one: _Round) -> None:
        all_of_it = one.taken.is_nightly_due(self._clock.now_ms())
        try:
            pushed = await self._pusher.push(one.house_id, all_of_it=all_of_it)
        except Retryable as fault:
            _log.warning("round_missed", house_id=one.house_id, fault=type(fault).__name__)
            return
        if pushed.parts or pushed.unknown:
            _log.info("figures_put_out", house_id=one.house_id, parts=pushed.parts, unknown=pushed.unknown)
