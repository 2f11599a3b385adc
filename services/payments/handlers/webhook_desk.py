"""Takes a provider's webhook: checks the signature, stores the event, answers (RULE 28).

What a signed event proves by itself is stored together with what it changes; everything else is acted on later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from services.payments.ports import PaymentProvider, Providers, WebhookEvent, WebhookEventStore, WebhookFlaw
from services.payments.ports.knows_payments import KnowsPayments
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import WEBHOOKS

# Whoever stored an event works it off; when that process ends, the others find it after this time.
LEASE_SECONDS = 5.0
ASKED_AGAIN_SECONDS = 1.0


class WebhookDesk:
    """Receives for every account that is open, each at an address of its own."""

    def __init__(
        self,
        *,
        providers: Providers,
        inbox: WebhookEventStore,
        payments: KnowsPayments,
        clock: Clock,
        on_new: Callable[[str, WebhookEvent], None],
        take: Callable[[PaymentProvider, WebhookEvent], Awaitable[bool]],
    ) -> None:
        self._providers = providers
        self._inbox = inbox
        self._payments = payments
        self._clock = clock
        self._on_new = on_new
        self._take = take

    async def knows(self, provider: str, account: str) -> PaymentProvider | None:
        """The account that the address of a webhook names, if there is such a one at this provider."""
        return await self._providers.heard(provider, account)

    async def receive(
        self, provider: PaymentProvider, channel: str, headers: Mapping[str, str], body: bytes
    ) -> WebhookFlaw | None:
        """None when the webhook event is stored, now or earlier; the flaw when nothing was."""
        read = provider.read_webhook(headers, body, self._clock.now_ms(), channel)
        if isinstance(read, WebhookFlaw):
            self.refuse()
            return read
        if not read.is_signed:
            await self._receive_unsigned(provider, read)
            return None
        if await self._take(provider, read):
            WEBHOOKS.labels("stored").inc()
            return None
        is_new = await self._inbox.add(provider.account, read, LEASE_SECONDS)
        WEBHOOKS.labels("stored" if is_new else "duplicate").inc()
        if is_new:
            self._on_new(provider.account, read)
        return None

    async def _receive_unsigned(self, provider: PaymentProvider, read: WebhookEvent) -> None:
        """Anybody may have sent it, and is answered alike: a flood costs a look at our own record, and nobody else.

        About a payment of ours the provider is asked once a second at most. Within the second that it was asked in,
        a change may have come after the answer: then it is asked once more when the second is over.
        """
        if not await self._payments.knows(provider, read.payment_ref):
            WEBHOOKS.labels("unknown").inc()
            return
        second = self._clock.now_ms() // 1000
        first = replace(read, event_id=f"{read.payment_ref}@{second}")
        if await self._inbox.add(provider.account, first, LEASE_SECONDS):
            WEBHOOKS.labels("stored").inc()
            self._on_new(provider.account, first)
            return
        again = replace(read, event_id=f"{read.payment_ref}@{second + 1}")
        is_new = await self._inbox.add(provider.account, again, ASKED_AGAIN_SECONDS)
        WEBHOOKS.labels("stored" if is_new else "duplicate").inc()

    def refuse(self) -> None:
        """Counts a webhook that was not even read."""
        WEBHOOKS.labels("refused").inc()
