"""Reservations whose deadline has come are proposed to their owner, which decides (R4.8, RULE 16).

The record is looked at, not the owners' memory: an owner that was let go, or died, has nothing in memory to remind it.
"""

from __future__ import annotations

from itertools import groupby

from services.inventory.actors.host import PerformanceHost
from services.inventory.domain.commands import ExpireReservation
from services.inventory.ports import DueReservation, DueReservations
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.telemetry.logging import get_logger

_log = get_logger("reservation_deadlines")
LOOK_SECONDS = 2.0
# Read at a time; what one look does not reach, the next one does.
RESERVATIONS_A_PAGE = 100
PAGES_A_LOOK = 20


class ReservationDeadlines:
    """Every node looks; whoever owns a performance, or may take it, decides."""

    def __init__(self, host: PerformanceHost, reservations: DueReservations, clock: Clock) -> None:
        self._host = host
        self._reservations = reservations
        self._clock = clock

    async def run(self) -> None:
        """Loop."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Proposes what is due now, performance by performance. What fails is met again by the next look."""
        after: DueReservation | None = None
        for _ in range(PAGES_A_LOOK):
            page = await self._reservations.due(after, RESERVATIONS_A_PAGE)
            for (house_id, performance_id), due in groupby(sorted(page, key=_performance), _performance):
                proposed = [ExpireReservation(each.reservation_id) for each in due]
                try:
                    # Where another node owns it, that one looks too.
                    await self._host.execute(house_id, performance_id, proposed)
                except Retryable as fault:
                    _log.info("deadline_waits", performance_id=performance_id, fault=type(fault).__name__)
                except Exception:  # noqa: BLE001 (logged, and met again by the next look)
                    # Whatever is wrong with one performance, deadlines come for all others.
                    _log.exception("deadline_failed", performance_id=performance_id)
            if len(page) < RESERVATIONS_A_PAGE:
                return
            after = page[-1]


def _performance(due: DueReservation) -> tuple[str, str]:
    return due.house_id, due.performance_id
