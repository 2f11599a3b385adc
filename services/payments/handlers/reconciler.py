"""Asks again: payments and refunds that are due, and the provider's events for webhooks that were missed."""

from __future__ import annotations

from collections.abc import Callable

from services.payments.domain.payment import Payment
from services.payments.handlers.payment_driver import PaymentDriver
from services.payments.ports import Done, PaymentStore, Providers, WebhookEventStore
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import DISPUTES_OPEN, PAYMENTS_UNCERTAIN, REFUNDS_STUCK
from services.runtime.work.due_work import DueWork, Leased, WorkLimits

_log = get_logger("payments")

LEASE_SECONDS = 30.0
MOST_AT_ONCE = 8
MOST_PAGES = 50


class Reconciler:
    """Takes the next step of payments that are due. Several processes may run it: leases share the work out."""

    def __init__(self, *, store: PaymentStore, driver: PaymentDriver, clock: Clock, interval_seconds: float) -> None:
        self._store = store
        self._due: DueWork[Payment] = DueWork(
            "reconciler",
            lease=self._lease,
            act=driver.step,
            clock=clock,
            limits=WorkLimits(MOST_AT_ONCE, interval_seconds),
            when_idle=self._count,
        )

    async def run(self) -> None:
        """Works until cancelled."""
        await self._due.run()

    async def _lease(self, limit: int) -> Leased[Payment]:
        due = await self._store.lease_due(limit, LEASE_SECONDS)
        return Leased(due, may_be_more=bool(due))

    async def _count(self) -> None:
        PAYMENTS_UNCERTAIN.set(await self._store.count_uncertain())
        stuck, disputed = await self._store.count_waiting_for_people()
        REFUNDS_STUCK.set(stuck)
        DISPUTES_OPEN.set(disputed)


class EventListing:
    """Lists the provider's events after the last one seen (RULE 26)."""

    def __init__(
        self,
        *,
        account: str,
        providers: Providers,
        inbox: WebhookEventStore,
        clock: Clock,
        interval_seconds: float,
        on_new: Callable[[], None],
    ) -> None:
        self._account = account
        self._providers = providers
        self._inbox = inbox
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._on_new = on_new

    async def run(self) -> None:
        """Lists until cancelled."""
        while True:
            await self.list_once()
            await self._clock.sleep(self._interval_seconds)

    async def list_once(self) -> int:
        """Stores what was missed; answers how many events were new. Does nothing when another process just listed."""
        cursor = await self._inbox.begin_listing(self._account, self._interval_seconds)
        if cursor is None:
            return 0
        # Not before it is known whose turn it is: every process asks for every account's.
        provider = await self._providers.of(self._account)
        missed = 0
        for _ in range(MOST_PAGES):
            outcome = await provider.events_after(cursor)
            if not isinstance(outcome, Done):
                break
            page = outcome.value
            if page.events or page.cursor != cursor:
                new = await self._inbox.end_listing(self._account, page)
                if new:
                    missed += new
                    self._on_new()
            cursor = page.cursor
            if not page.more:
                break
        if missed:
            _log.info("missed_events_listed", count=missed)
        return missed
