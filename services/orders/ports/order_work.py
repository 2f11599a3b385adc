"""Jobs over many orders, and orders that stand still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.orders.domain.performance_refund import JobCounts, JobState, PerformanceRefund
from services.orders.domain.stuck import StuckOrder
from services.orders.ports.order_store import Lease, OrderRef
from services.runtime.errors import IdempotencyKeyReused


class OrderWork(Protocol):
    """The record of jobs, and what orders' record says of waiting."""

    async def start(
        self, job: PerformanceRefund, key: str, request_hash: str
    ) -> PerformanceRefund | IdempotencyKeyReused:
        """Keeps a new job; the one that was started under the key before."""
        ...

    async def get(self, house_id: str, job_id: str) -> PerformanceRefund | None: ...

    async def list_jobs(self, house_id: str, performance_id: str, limit: int) -> Sequence[PerformanceRefund]:
        """The newest first."""
        ...

    async def turn(self, house_id: str, job_id: str, state: JobState) -> PerformanceRefund | None:
        """Paused or running from now on; one that is done stays so."""
        ...

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[PerformanceRefund]:
        """Running jobs whose next turn is due and that nobody works on."""
        ...

    async def save(self, job: PerformanceRefund, lease: Lease, next_at_ms: int) -> None:
        """Gives the lease back with how far it is. Nothing happens if the lease was lost; a pause stays."""
        ...

    async def counts(self, jobs: Sequence[PerformanceRefund]) -> Sequence[JobCounts]:
        """Of each job; all are of one house."""
        ...

    async def stuck(self, house_id: str, performance_id: str, limit: int) -> Sequence[StuckOrder]:
        """Orders that have tried in vain, those that wait the longest first; no house: of all."""
        ...

    async def hurry(self, ref: OrderRef) -> None:
        """The order's next step, if it has one, is due now."""
        ...
