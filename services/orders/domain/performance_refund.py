"""The refund of a whole performance: its terms, how far it is, and what it asks of each order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.contracts.pages import Place
from services.orders.domain.commands import ActOnLines, RefundTerms
from services.runtime.principal import PrincipalRef


class JobState(Enum):
    """Names as in balcon.orders.v1.PerformanceRefundState."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class PerformanceRefund:
    """One job. `after`: the last order of the pass that is under way; None: a pass begins.

    `pass_acted`: how many orders the pass has acted on so far. A pass that finds none, while nobody is paying, is the
    last; `is_swept` then, and only money is awaited.
    """

    job_id: str
    house_id: str
    performance_id: str
    terms: RefundTerms
    release: bool
    reason: str
    started_by: PrincipalRef | None
    started_at_ms: int
    state: JobState = JobState.RUNNING
    after: Place | None = None
    pass_acted: int = 0
    is_swept: bool = False
    orders_acted: int = 0
    tickets_cancelled: int = 0
    ended_at_ms: int = 0

    def act(self) -> ActOnLines:
        """What is asked of each order: once, and only of tickets that are valid."""
        return ActOnLines(
            performance_id=self.performance_id,
            cancel=True,
            release=self.release,
            refund=self.terms,
            reason=self.reason,
            only_valid=True,
            act_id=self.job_id,
        )


@dataclass(frozen=True, slots=True)
class JobCounts:
    """What the record says of a job by now. `back`: minor units by currency.

    `refunded_orders`, `refunded_tickets`: of its refunds, whatever became of them: it has acted on so many at least,
    also where it died before it wrote that down.
    """

    orders_left: int = 0
    in_flight: int = 0
    refunds_done: int = 0
    refunds_due: int = 0
    refunds_stuck: int = 0
    back: tuple[tuple[str, int], ...] = ()
    refunded_orders: int = 0
    refunded_tickets: int = 0
