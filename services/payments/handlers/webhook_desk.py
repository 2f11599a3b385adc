"""Takes a provider's webhook: checks the signature, stores the event, answers. Acts on nothing itself (RULE 28)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.payments.ports import PaymentProvider, WebhookEvent, WebhookEventStore, WebhookFlaw
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import WEBHOOKS

# Whoever stored an event works it off; when that process ends, the others find it after this time.
LEASE_SECONDS = 5.0


class WebhookDesk:
    """Receives for the providers it was given, by name."""

    def __init__(
        self,
        *,
        providers: Mapping[str, PaymentProvider],
        inbox: WebhookEventStore,
        clock: Clock,
        on_new: Callable[[WebhookEvent], None],
    ) -> None:
        self._providers = providers
        self._inbox = inbox
        self._clock = clock
        self._on_new = on_new

    def knows(self, provider: str) -> bool:
        """Whether there is such a provider."""
        return provider in self._providers

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> WebhookFlaw | None:
        """None when the webhook event is stored, now or earlier; the flaw when nothing was."""
        read = self._providers[provider].read_webhook(headers, body, self._clock.now_ms())
        if isinstance(read, WebhookFlaw):
            self.refuse()
            return read
        is_new = await self._inbox.add(provider, read, LEASE_SECONDS)
        WEBHOOKS.labels("stored" if is_new else "duplicate").inc()
        if is_new:
            self._on_new(read)
        return None

    def refuse(self) -> None:
        """Counts a webhook that was not even read."""
        WEBHOOKS.labels("refused").inc()
