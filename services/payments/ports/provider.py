"""A payment provider, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.payments.domain.payment import DisputeState, Payment
from services.payments.domain.transitions import RefundReport
from services.payments.ports.outcome import Outcome


class ProviderStatus(Enum):
    """A payment's status as every provider has it. Stripe's requires_*, Mollie's open/pending/authorized are OPEN."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # expired too
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as the provider tells it. `house_id` and `payment_id` are the metadata that creation gave it."""

    ref: str
    house_id: str
    payment_id: str
    status: ProviderStatus
    amount_minor: int
    currency: str
    refunded_minor: int
    pay_url: str
    reason: str
    dispute: DisputeState = DisputeState.NONE
    disputed_minor: int = 0


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something happened to the payment `payment_ref`; what, is asked for. `event_id` is for recognising repeats."""

    event_id: str
    payment_ref: str


@dataclass(frozen=True, slots=True)
class WebhookEventPage:
    """Webhook events in the provider's order; `cursor` is where the next page begins."""

    events: Sequence[WebhookEvent]
    cursor: str
    more: bool


class WebhookFlaw(Enum):
    """Why a webhook is not believed."""

    UNSIGNED = "signature_missing"
    MALFORMED_SIGNATURE = "signature_malformed"
    WRONG_SIGNATURE = "signature_wrong"
    STALE = "signature_stale"
    MALFORMED_BODY = "body_malformed"


class PaymentProvider(Protocol):
    """One account at one provider. No call raises for what the network or the provider does: it is in the Outcome."""

    @property
    def name(self) -> str:
        """Names it in rows, metrics and webhook addresses."""
        ...

    async def create(self, payment: Payment) -> Outcome[ProviderPayment]:
        """Creates under `payment.provider_key`; the same key again gives the same payment."""
        ...

    async def find(self, payment: Payment) -> Outcome[ProviderPayment | None]:
        """The provider's payment that carries our ids as metadata, None when it says there is none."""
        ...

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        """How the payment stands now."""
        ...

    async def cancel(self, ref: str) -> Outcome[ProviderPayment]:
        """Asks to cancel; Done tells how the payment stands after that, which need not be cancelled."""
        ...

    async def refund(self, payment: Payment) -> Outcome[RefundReport]:
        """Refunds what is left, `payment.left_minor`, under `payment.provider_refund_key`."""
        ...

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        """What happened since `cursor` ("" is the beginning): heals webhooks that were missed."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> WebhookEvent | WebhookFlaw:
        """Checks a webhook's signature over the raw bytes. Header names are lower case."""
        ...
