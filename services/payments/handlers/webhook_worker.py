"""Works off the inbox of webhook events: asks the provider how the payment stands now, and applies that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.payments.domain.next_attempt import RetryPolicy, backoff_ms
from services.payments.handlers.payment_driver import PaymentDriver
from services.payments.ports import (
    NOT_FOUND,
    Declined,
    Done,
    LeasedWebhookEvent,
    PaymentProvider,
    Providers,
    ProviderStatus,
    Uncertain,
    WebhookEvent,
    WebhookEventStore,
)
from services.payments.ports.unknown_payments import UnknownPayments
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger
from services.runtime.waiting import end_if_cancelled
from services.runtime.work.due_work import DueWork, Leased, WorkLimits

_log = get_logger("payments")

LEASE_SECONDS = 10.0
# Providers wait for some seconds for an answer.
TAKE_SECONDS = 1.0
LIMITS = WorkLimits(concurrency=64, idle_seconds=1.0, handed_over=1_000)

_OfOnePayment = Sequence[LeasedWebhookEvent]


class WebhookWorker:
    """One per process; several processes share the inbox by leases (RULE 28)."""

    def __init__(
        self,
        *,
        providers: Providers,
        inbox: WebhookEventStore,
        driver: PaymentDriver,
        unknown: UnknownPayments,
        clock: Clock,
        retry_policy: RetryPolicy,
    ) -> None:
        self._providers = providers
        self._inbox = inbox
        self._driver = driver
        self._unknown = unknown
        self._clock = clock
        self._retry_policy = retry_policy
        self._due: DueWork[_OfOnePayment] = DueWork(
            "webhook_events", lease=self._lease, act=self.work_off, clock=clock, limits=LIMITS
        )

    def hand_over(self, account: str, event: WebhookEvent) -> None:
        """An event just stored and leased by this process; when too many wait, it is found again after its lease."""
        self._due.hand_over([LeasedWebhookEvent(account, event, attempts=1)])

    def look(self) -> None:
        """There may be events in the inbox that nobody has leased."""
        self._due.wake()

    async def run(self) -> None:
        """Works until cancelled."""
        await self._due.run()

    async def _lease(self, limit: int) -> Leased[_OfOnePayment]:
        leased = await self._inbox.lease(limit, LEASE_SECONDS)
        return Leased(_by_payment(leased), may_be_more=bool(leased))

    async def work_off(self, leased: _OfOnePayment) -> None:
        """Handles the events of one payment with one question to the provider, or none where one tells it all."""
        account, events = leased[0].account, [item.event for item in leased]
        provider = await self._providers.of(account)
        if len(events) == 1 and await self._proven(provider, events[0]):
            return
        outcome = await provider.fetch(events[0].payment_ref)
        match outcome:
            case Done(told):
                if await self._driver.apply_provider_payment(provider, told, settles=events) is None:
                    await self._unknown.add(provider, told)
                    await self._inbox.settle(account, events, "foreign")
            case Declined(code) if code == NOT_FOUND:
                _log.warning("webhook_event_of_no_payment", ref=events[0].payment_ref)
                await self._inbox.settle(account, events, "unknown")
            case Declined(code):
                # A wrong key or a blocked account says nothing of the payment; the audit shows what is not worked off.
                _log.error("webhook_event_not_answered", ref=events[0].payment_ref, code=code)
                await self._put_off(leased)
            case Uncertain():
                await self._put_off(leased)

    async def take(self, provider: PaymentProvider, event: WebhookEvent) -> bool:
        """Stores and works off, in one transaction, what a signed webhook proves by itself; False: nothing was done.

        For whoever waits with an answer: what takes long, or goes wrong, is for the inbox. What was begun may still be
        done, and an event that is in the inbox then is worked off by it.
        """
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                return await self._proven(provider, event)
        except Exception as error:  # noqa: BLE001 (the provider is answered once the event is stored, by whichever way)
            end_if_cancelled(error)
            _log.warning("webhook_not_taken_at_once", ref=event.payment_ref, error=type(error).__name__)
            return False

    async def _proven(self, provider: PaymentProvider, event: WebhookEvent) -> bool:
        snapshot = event.snapshot
        if snapshot is None or not event.is_signed or snapshot.status is not ProviderStatus.SUCCEEDED:
            return False
        return await self._driver.apply_snapshot(provider, snapshot, settles=[event]) is not None

    async def _put_off(self, leased: _OfOnePayment) -> None:
        events = [item.event for item in leased]
        wait_ms = backoff_ms(
            events[0].event_id,
            max(item.attempts for item in leased) - 1,
            self._retry_policy.uncertain_seconds,
            self._retry_policy.uncertain_limit_seconds,
        )
        until_ms = self._clock.now_ms() + wait_ms
        await self._inbox.postpone(leased[0].account, events, until_ms)
        self._due.look_at(until_ms)


def _by_payment(leased: Sequence[LeasedWebhookEvent]) -> list[_OfOnePayment]:
    grouped: dict[tuple[str, str], list[LeasedWebhookEvent]] = {}
    for item in leased:
        grouped.setdefault((item.account, item.event.payment_ref), []).append(item)
    return list(grouped.values())
