"""What falls due in the record is proposed to the owner of its performance, which decides (RULE 16).

The record is looked at, not the owners' memory: an owner that was let go, or died, has nothing in memory to remind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from services.inventory.actors.host import PerformanceHost
from services.inventory.domain.commands import RecordCommand
from services.runtime.clock import Clock
from services.runtime.errors import Refusal, Retryable
from services.runtime.telemetry.logging import get_logger

_log = get_logger("due_proposals")
# Read at a time; what one look does not reach, the next one does.
DUE_A_PAGE = 100
PAGES_A_LOOK = 20


class Due(Protocol):
    """Of which performance it is."""

    @property
    def house_id(self) -> str: ...

    @property
    def performance_id(self) -> str: ...


DueT = TypeVar("DueT", bound=Due)


class DueList(Protocol[DueT]):
    """What is due by the record's clock, page by page."""

    async def due(self, after: DueT | None, at_most: int) -> Sequence[DueT]: ...


class DueProposals(Generic[DueT]):
    """Every node looks; whoever owns a performance, or may take it, decides."""

    def __init__(
        self,
        host: PerformanceHost,
        listed: DueList[DueT],
        command: Callable[[DueT], RecordCommand],
        clock: Clock,
        look_seconds: float,
    ) -> None:
        self._host = host
        self._listed = listed
        self._command = command
        self._clock = clock
        self._look_seconds = look_seconds

    async def run(self) -> None:
        """Loop."""
        while True:
            await self.look()
            await self._clock.sleep(self._look_seconds)

    async def look(self) -> None:
        """Proposes what is due now, performance by performance. What fails is met again by the next look."""
        after: DueT | None = None
        for _ in range(PAGES_A_LOOK):
            page = await self._listed.due(after, DUE_A_PAGE)
            for (house_id, performance_id), due in groupby(sorted(page, key=_performance), _performance):
                await self._propose(house_id, performance_id, [self._command(each) for each in due])
            if len(page) < DUE_A_PAGE:
                return
            after = page[-1]

    async def _propose(self, house_id: str, performance_id: str, proposed: Sequence[RecordCommand]) -> None:
        facts = {"performance_id": performance_id, "command": type(proposed[0]).__name__}
        try:
            decided = await self._host.execute(house_id, performance_id, proposed)
        except Retryable as fault:
            _log.info("proposal_waits", fault=type(fault).__name__, **facts)
            return
        except Exception:  # noqa: BLE001 (logged, and met again by the next look)
            # Whatever is wrong with one performance, the time of all others comes.
            _log.exception("proposal_failed", **facts)
            return
        if not isinstance(decided, Refusal):
            # Where another node owns it, that one looks too.
            _log.info("due_proposed", count=len(proposed), **facts)


def _performance(due: Due) -> tuple[str, str]:
    return due.house_id, due.performance_id
