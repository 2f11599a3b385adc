"""Works off the inbox of providers' notices: asks how the payment stands now and applies that, not the notice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from services.payments.domain.pursuit import Patience, backoff_ms
from services.payments.handlers.crew import Crew
from services.payments.handlers.pursuit import Pursuit
from services.payments.ports import (
    Declined,
    Done,
    LeasedNotice,
    NoticeStore,
    PaymentProvider,
    ProviderNotice,
    Uncertain,
)
from services.runtime.bus.waiting import wait_until_set
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger

_log = get_logger("payments")

LEASE_SECONDS = 10.0
MOST_AT_ONCE = 12
MOST_HANDED_OVER = 1_000
_IDLE_MS = 1_000


class NoticeWorker:
    """One per process; several processes share the inbox by leases (RULE 28)."""

    def __init__(
        self,
        *,
        provider: PaymentProvider,
        notices: NoticeStore,
        pursuit: Pursuit,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._provider = provider
        self._notices = notices
        self._pursuit = pursuit
        self._clock = clock
        self._patience = patience
        self._woken = asyncio.Event()
        self._handed_over: deque[LeasedNotice] = deque()
        self._look_at_ms = 0

    def hand_over(self, notice: ProviderNotice) -> None:
        """A notice just stored and leased by this process; when too many wait, it is found again after its lease."""
        if len(self._handed_over) < MOST_HANDED_OVER:
            self._handed_over.append(LeasedNotice(notice, attempts=1))
            self._woken.set()

    def look(self) -> None:
        """There may be notices in the inbox that nobody has leased."""
        self._look_at(0)

    def _look_at(self, at_ms: int) -> None:
        self._look_at_ms = min(self._look_at_ms, at_ms)
        self._woken.set()

    async def run(self) -> None:
        """Works until cancelled."""
        crew = Crew("notices", MOST_AT_ONCE)
        try:
            while True:
                await crew.room()
                self._woken.clear()
                now_ms = self._clock.now_ms()
                if self._handed_over:
                    crew.start(self.work_off([self._handed_over.popleft()]))
                elif now_ms >= self._look_at_ms:
                    await self._start_leased(crew, now_ms)
                else:
                    await wait_until_set(self._woken, self._clock, (self._look_at_ms - now_ms) / 1000)
        finally:
            await crew.dismiss()

    async def _start_leased(self, crew: Crew, now_ms: int) -> None:
        self._look_at_ms = now_ms + _IDLE_MS
        leased = await self._notices.lease(self._provider.name, crew.free, LEASE_SECONDS)
        for notices in _by_payment(leased):
            crew.start(self.work_off(notices))
        if leased:
            self._look_at(now_ms)  # there may be more

    async def work_off(self, leased: Sequence[LeasedNotice]) -> None:
        """Handles the notices of one payment with one question to the provider."""
        notices = [item.notice for item in leased]
        outcome = await self._provider.fetch(notices[0].payment_ref)
        match outcome:
            case Done(told):
                if await self._pursuit.learn_told(told, settles=notices) is None:
                    await self._notices.settle(self._provider.name, notices, "foreign")
            case Declined("not_found"):
                _log.warning("notice_of_no_payment", ref=notices[0].payment_ref)
                await self._notices.settle(self._provider.name, notices, "unknown")
            case Declined(code):
                # A wrong key or a blocked account says nothing of the payment; the audit shows what is not worked off.
                _log.error("notice_not_answered", ref=notices[0].payment_ref, code=code)
                await self._put_off(leased)
            case Uncertain():
                await self._put_off(leased)

    async def _put_off(self, leased: Sequence[LeasedNotice]) -> None:
        notices = [item.notice for item in leased]
        wait_ms = backoff_ms(
            notices[0].event_id,
            max(item.attempts for item in leased) - 1,
            self._patience.uncertain_seconds,
            self._patience.uncertain_limit_seconds,
        )
        until_ms = self._clock.now_ms() + wait_ms
        await self._notices.postpone(self._provider.name, notices, until_ms)
        self._look_at(until_ms)


def _by_payment(leased: Sequence[LeasedNotice]) -> list[list[LeasedNotice]]:
    grouped: dict[str, list[LeasedNotice]] = {}
    for item in leased:
        grouped.setdefault(item.notice.payment_ref, []).append(item)
    return list(grouped.values())
