"""Follows orders of which something happened with their invoices, and empties documents when their time is over."""

from __future__ import annotations

from services.runtime.clock import Clock
from services.runtime.errors import Fault
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.due_work import DueWork, Leased, WorkLimits
from services.ticketing.handlers.invoices import InvoiceHandler
from services.ticketing.ports.invoice_looks import InvoiceLook, InvoiceLooks

_LEASE_SECONDS = 60.0
# Few: documents may be late, and what is sold now may not.
_AT_ONCE = 4
_IDLE_SECONDS = 5.0
_FIRST_RETRY_MS, _LONGEST_RETRY_MS = 1_000, 600_000

_log = get_logger("invoices")


class InvoiceFollower:
    """One loop a process; leases share the work out."""

    def __init__(self, looks: InvoiceLooks, invoices: InvoiceHandler, clock: Clock) -> None:
        self._looks = looks
        self._invoices = invoices
        self._clock = clock
        self._due: DueWork[InvoiceLook] = DueWork(
            "invoices",
            lease=self._lease,
            act=self.follow,
            clock=clock,
            limits=WorkLimits(_AT_ONCE, _IDLE_SECONDS, linger_seconds=0.1),
        )

    def wake(self) -> None:
        """Something happened to an order."""
        self._due.wake()

    async def run(self) -> None:
        """Works until cancelled."""
        await self._due.run()

    async def _lease(self, limit: int) -> Leased[InvoiceLook]:
        leased = await self._looks.lease(limit, _LEASE_SECONDS)
        return Leased(leased, may_be_more=len(leased) == limit)

    async def follow(self, look: InvoiceLook) -> None:
        """One order: its documents, or later what cannot be made now."""
        try:
            await self._invoices.follow(look.house_id, look.order_id)
        except Fault as fault:
            _log.warning("invoice_put_off", order_id=look.order_id, fault=type(fault).__name__)
            wait_ms = min(_FIRST_RETRY_MS << min(look.failures, 20), _LONGEST_RETRY_MS)
            until_ms = self._clock.now_ms() + wait_ms
            await self._looks.postpone(look, until_ms)
            self._due.look_at(until_ms)
        else:
            await self._looks.done(look)
