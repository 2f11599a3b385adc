"""The day of the performance (R1.6): allotments that fall due are proposed to their owner."""

from __future__ import annotations

from services.inventory.actors.due_proposals import DueProposals
from services.inventory.actors.host import PerformanceHost
from services.inventory.domain.commands import ReturnDue
from services.inventory.ports import DueReturn, DueReturns
from services.runtime.clock import Clock

LOOK_SECONDS = 5.0


class ReturnDay(DueProposals[DueReturn]):
    """See DueProposals."""

    def __init__(self, host: PerformanceHost, returns: DueReturns, clock: Clock) -> None:
        super().__init__(host, returns, lambda due: ReturnDue(allotment_id=due.allotment_id), clock, LOOK_SECONDS)
