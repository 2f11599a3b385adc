"""The day of the performance (R1.6): allotments that fall due are proposed to their owner, which decides (RULE 16).

The record is looked at, not the owners' memory: an owner that was let go, or died, has nothing in memory to remind it.
"""

from __future__ import annotations

from itertools import groupby

from services.inventory.actors.host import PerformanceHost
from services.inventory.domain.commands import ReturnDue
from services.inventory.ports import DueReturn, DueReturns
from services.runtime.clock import Clock
from services.runtime.errors import Refusal, Retryable
from services.runtime.telemetry.logging import get_logger

_log = get_logger("return_day")
LOOK_SECONDS = 5.0
# Read at a time; what one look does not reach, the next one does.
RETURNS_A_PAGE = 100
PAGES_A_LOOK = 20


class ReturnDay:
    """Every node looks; whoever owns a performance, or may take it, decides."""

    def __init__(self, host: PerformanceHost, returns: DueReturns, clock: Clock) -> None:
        self._host = host
        self._returns = returns
        self._clock = clock

    async def run(self) -> None:
        """Loop."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Proposes what is due now, performance by performance. What fails is met again by the next look."""
        after: DueReturn | None = None
        for _ in range(PAGES_A_LOOK):
            page = await self._returns.due(after, RETURNS_A_PAGE)
            for (house_id, performance_id), due in groupby(sorted(page, key=_performance), _performance):
                await self._propose(house_id, performance_id, [each.allotment_id for each in due])
            if len(page) < RETURNS_A_PAGE:
                return
            after = page[-1]

    async def _propose(self, house_id: str, performance_id: str, allotment_ids: list[str]) -> None:
        proposed = [ReturnDue(allotment_id=allotment_id) for allotment_id in allotment_ids]
        try:
            decided = await self._host.execute(house_id, performance_id, proposed)
        except Retryable as fault:
            _log.info("return_waits", performance_id=performance_id, fault=type(fault).__name__)
            return
        except Exception:  # noqa: BLE001 (logged, and met again by the next look)
            # Whatever is wrong with one performance, the day comes for all others.
            _log.exception("return_failed", performance_id=performance_id)
            return
        if not isinstance(decided, Refusal):
            _log.info("return_proposed", performance_id=performance_id, allotments=len(proposed))


def _performance(due: DueReturn) -> tuple[str, str]:
    return due.house_id, due.performance_id
