"""Takes a provider's webhook: checks the signature, stores the notice, answers. Acts on nothing itself (RULE 28)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.payments.ports import NoticeStore, PaymentProvider, ProviderNotice, WebhookFlaw
from services.runtime.clock import Clock
from services.runtime.telemetry.metrics import WEBHOOKS

# Whoever stored a notice works it off; when that process ends, the others find it after this time.
LEASE_SECONDS = 5.0


class WebhookDesk:
    """Receives for the providers it was given, by name."""

    def __init__(
        self,
        *,
        providers: Mapping[str, PaymentProvider],
        notices: NoticeStore,
        clock: Clock,
        on_new: Callable[[ProviderNotice], None],
    ) -> None:
        self._providers = providers
        self._notices = notices
        self._clock = clock
        self._on_new = on_new

    def knows(self, provider: str) -> bool:
        """Whether there is such a provider."""
        return provider in self._providers

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> WebhookFlaw | None:
        """None when the notice is stored, now or earlier; the flaw when nothing was."""
        read = self._providers[provider].read_webhook(headers, body, self._clock.now_ms())
        if isinstance(read, WebhookFlaw):
            self.refuse()
            return read
        is_new = await self._notices.note(provider, read, LEASE_SECONDS)
        WEBHOOKS.labels("stored" if is_new else "duplicate").inc()
        if is_new:
            self._on_new(read)
        return None

    def refuse(self) -> None:
        """Counts a webhook that was not even read."""
        WEBHOOKS.labels("refused").inc()
