"""Asks ticketing who has tickets that were passed on, so that an order never shows a code that is void.

A ticket shows no code from the moment that orders hear of its passing on. It shows one again where it came back.
"""

from __future__ import annotations

from typing import Final

from services.orders.ports import OrderRef
from services.orders.ports.passed_tickets import PassedTickets
from services.orders.ports.standing_tickets import StandingTickets
from services.runtime.clock import Clock
from services.runtime.work.due_work import DueWork, Leased, WorkLimits

# So long nobody else asks for what this process is asking for, and so long it is left alone where nobody answered.
LEASE_MS: Final = 10_000
_AT_ONCE: Final = 4


class TicketFollower:
    """One loop a process; several processes may."""

    def __init__(self, kept: PassedTickets, ticketing: StandingTickets, clock: Clock) -> None:
        self._kept = kept
        self._ticketing = ticketing
        self._clock = clock
        self._due: DueWork[tuple[OrderRef, int]] = DueWork(
            "passed tickets",
            lease=self._lease_due,
            act=self._ask,
            clock=clock,
            limits=WorkLimits(_AT_ONCE, LEASE_MS / 1000),
        )

    def wake(self) -> None:
        """Some may be due."""
        self._due.wake()

    async def run(self) -> None:
        """Works until cancelled; leases run out then."""
        await self._due.run()

    async def _lease_due(self, limit: int) -> Leased[tuple[OrderRef, int]]:
        now_ms = self._clock.now_ms()
        until_ms = now_ms + LEASE_MS
        refs = await self._kept.lease_due(now_ms, until_ms, limit)
        return Leased([(ref, until_ms) for ref in refs], may_be_more=bool(refs))

    async def _ask(self, leased: tuple[OrderRef, int]) -> None:
        ref, until_ms = leased
        await self._kept.keep(ref, await self._ticketing.standing(ref), until_ms)
