"""Asks again: payments and refunds whose patience is over, and the provider's events for webhooks that were missed."""

from __future__ import annotations

from collections.abc import Callable

from services.payments.domain.payment import Payment
from services.payments.handlers.crew import Crew
from services.payments.handlers.pursuit import Pursuit
from services.payments.ports import Done, NoticeStore, PaymentProvider, PaymentStore
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import DISPUTES_OPEN, PAYMENTS_UNCERTAIN, REFUNDS_STUCK

_log = get_logger("payments")

LEASE_SECONDS = 30.0
MOST_AT_ONCE = 8
MOST_PAGES = 50


class Reconciler:
    """Visits what is due. Several processes may run it: leases share the work out."""

    def __init__(self, *, store: PaymentStore, pursuit: Pursuit, clock: Clock, interval_seconds: float) -> None:
        self._store = store
        self._pursuit = pursuit
        self._clock = clock
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Visits until cancelled."""
        crew = Crew("reconciler", MOST_AT_ONCE)
        try:
            while True:
                await crew.room()
                due = await self._store.lease_due(crew.free, LEASE_SECONDS)
                for payment in due:
                    crew.start(self._visit(payment))
                if not due:
                    await self._count()
                    await self._clock.sleep(self._interval_seconds)
        finally:
            await crew.dismiss()

    async def _count(self) -> None:
        PAYMENTS_UNCERTAIN.set(await self._store.count_uncertain())
        stuck, disputed = await self._store.count_waiting_for_people()
        REFUNDS_STUCK.set(stuck)
        DISPUTES_OPEN.set(disputed)

    async def _visit(self, payment: Payment) -> None:
        await self._pursuit.step(payment)


class EventListing:
    """Lists the provider's events after the last one seen (RULE 26)."""

    def __init__(
        self,
        *,
        provider: PaymentProvider,
        notices: NoticeStore,
        clock: Clock,
        interval_seconds: float,
        on_new: Callable[[], None],
    ) -> None:
        self._provider = provider
        self._notices = notices
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._on_new = on_new

    async def run(self) -> None:
        """Lists until cancelled."""
        while True:
            await self.list_once()
            await self._clock.sleep(self._interval_seconds)

    async def list_once(self) -> int:
        """Stores what was missed; answers how many notices were new. Does nothing when another process just listed."""
        cursor = await self._notices.begin_listing(self._provider.name, self._interval_seconds)
        if cursor is None:
            return 0
        missed = 0
        for _ in range(MOST_PAGES):
            outcome = await self._provider.notices_after(cursor)
            if not isinstance(outcome, Done):
                break
            page = outcome.value
            if page.notices:
                new = await self._notices.end_listing(self._provider.name, page)
                if new:
                    missed += new
                    self._on_new()
            cursor = page.cursor
            if not page.more:
                break
        if missed:
            _log.info("missed_events_listed", count=missed)
        return missed
