"""Sends every house's figures by its clock. What a process that dies leaves undone goes out with the next round."""

from __future__ import annotations

import asyncio
from typing import Final

from services.integrations.podiumkunst.handlers.push import Pusher
from services.integrations.podiumkunst.ports.round_store import RoundStore
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.telemetry.logging import get_logger

LOOK_SECONDS: Final = 10.0
AT_ONCE: Final = 100

_log = get_logger("push_rounds")


class PushRounds:
    """One a process; they meet at the house's row. `woken`: a link was made, its history goes out now (R0.10)."""

    def __init__(self, rounds: RoundStore, pusher: Pusher, clock: Clock, woken: asyncio.Event) -> None:
        self._rounds = rounds
        self._pusher = pusher
        self._clock = clock
        self._woken = woken

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self._woken.clear()
            await self.look()
            sleeping = asyncio.create_task(self._clock.sleep(LOOK_SECONDS))
            waking = asyncio.create_task(self._woken.wait())
            try:
                await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeping.cancel()
                waking.cancel()

    async def look(self) -> None:
        """All that is due now. A house that cannot be served waits for its next round; the others do not wait."""
        for house_id in await self._rounds.due(self._clock.now_ms(), AT_ONCE):
            now_ms = self._clock.now_ms()
            taken = await self._rounds.take(house_id, now_ms)
            if taken is None:
                continue
            try:
                pushed = await self._pusher.push(house_id, all_of_it=taken.is_nightly_due(now_ms))
            except Retryable as fault:
                _log.warning("round_missed", house_id=house_id, fault=type(fault).__name__)
                continue
            if pushed.parts or pushed.unknown:
                _log.info("figures_put_out", house_id=house_id, parts=pushed.parts, unknown=pushed.unknown)
