"""Works off the inbox of providers' notices: asks how the payment stands now and applies that, not the notice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.payments.domain.pursuit import Patience, backoff_ms
from services.payments.handlers.crew import Crew
from services.payments.handlers.pursuit import Pursuit
from services.payments.handlers.reports import report_of
from services.payments.ports import (
    Declined,
    Done,
    LeasedNotice,
    NoticeStore,
    PaymentProvider,
    PaymentStore,
    Uncertain,
)
from services.runtime.bus.waiting import wait_until_set
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger

_log = get_logger("payments")

LEASE_SECONDS = 30.0
MOST_AT_ONCE = 32
_IDLE_SECONDS = 1.0


class NoticeWorker:
    """One per process; several processes share the inbox by leases (RULE 28)."""

    def __init__(
        self,
        *,
        provider: PaymentProvider,
        payments: PaymentStore,
        notices: NoticeStore,
        pursuit: Pursuit,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._provider = provider
        self._payments = payments
        self._notices = notices
        self._pursuit = pursuit
        self._clock = clock
        self._patience = patience
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something new in the inbox."""
        self._woken.set()

    async def run(self) -> None:
        """Works until cancelled."""
        crew = Crew("notices", MOST_AT_ONCE)
        try:
            while True:
                await crew.room()
                self._woken.clear()
                leased = await self._notices.lease(self._provider.name, crew.free, LEASE_SECONDS)
                for notices in _by_payment(leased):
                    crew.start(self.work_off(notices))
                if not leased:
                    await wait_until_set(self._woken, self._clock, _IDLE_SECONDS)
        finally:
            await crew.dismiss()

    async def work_off(self, leased: Sequence[LeasedNotice]) -> None:
        """Handles the notices of one payment with one question to the provider."""
        notices = [item.notice for item in leased]
        outcome = await self._provider.fetch(notices[0].payment_ref)
        match outcome:
            case Done(told):
                payment = await self._payments.find(told.house_id, told.payment_id)
                if payment is None:
                    await self._notices.settle(self._provider.name, notices, "foreign")
                    return
                await self._pursuit.learn(payment, report_of(payment, told), settles=notices)
            case Declined(code):
                _log.warning("notice_of_no_payment", ref=notices[0].payment_ref, code=code)
                await self._notices.settle(self._provider.name, notices, "unknown")
            case Uncertain():
                attempts = max(item.attempts for item in leased)
                wait_ms = backoff_ms(
                    notices[0].event_id,
                    attempts,
                    self._patience.uncertain_seconds,
                    self._patience.uncertain_limit_seconds,
                )
                await self._notices.postpone(self._provider.name, notices, self._clock.now_ms() + wait_ms)


def _by_payment(leased: Sequence[LeasedNotice]) -> list[list[LeasedNotice]]:
    grouped: dict[str, list[LeasedNotice]] = {}
    for item in leased:
        grouped.setdefault(item.notice.payment_ref, []).append(item)
    return list(grouped.values())
