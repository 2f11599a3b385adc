"""What payments needs from outside: a provider and stores. Fits Stripe and Mollie as well as the sandbox."""

from __future__ import annotations

from services.payments.ports.outcome import Declined, Done, Outcome, Uncertain
from services.payments.ports.payment_store import PaymentStore
from services.payments.ports.provider import (
    KEY_REFUSED,
    NOT_FOUND,
    PaymentProvider,
    ProviderIdentity,
    ProviderPayment,
    ProviderStatus,
    WebhookEvent,
    WebhookEventPage,
    WebhookFlaw,
)
from services.payments.ports.providers import Providers
from services.payments.ports.webhook_event_store import LeasedWebhookEvent, WebhookEventStore

__all__ = [
    "KEY_REFUSED",
    "NOT_FOUND",
    "Declined",
    "Done",
    "LeasedWebhookEvent",
    "Outcome",
    "PaymentProvider",
    "PaymentStore",
    "ProviderIdentity",
    "ProviderPayment",
    "ProviderStatus",
    "Providers",
    "Uncertain",
    "WebhookEvent",
    "WebhookEventPage",
    "WebhookEventStore",
    "WebhookFlaw",
]
