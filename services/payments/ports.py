"""What payments needs from outside: a provider and stores. Fits Stripe and Mollie as well as the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeAlias, TypeVar

from services.payments.domain.payment import DisputeState, Payment
from services.payments.domain.transitions import Decision, RefundReport

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The provider answered: this is how things stand there."""

    value: T


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider definitely did not do it. `code` is its word, such as card_declined or not_found."""

    code: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may or may not have been done: timeout, 5xx, lost connection, unreadable answer. Ask again."""

    why: str


Outcome: TypeAlias = Done[T] | Declined | Uncertain


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


@dataclass(frozen=True, slots=True)
class LeasedWebhookEvent:
    """A webhook event this process works on until its lease ends."""

    event: WebhookEvent
    attempts: int


class PaymentStore(Protocol):
    """The record of payments. Every change and the events it publishes are one transaction."""

    async def record(self, payment: Payment) -> Payment:
        """Stores a new payment; answers what is recorded under its house and key, which may be an earlier one."""
        ...

    async def find(self, house_id: str, payment_id: str) -> Payment | None:
        """The payment, if the house has it."""
        ...

    async def find_by_key(self, house_id: str, idempotency_key: str) -> Payment | None:
        """The payment recorded under the caller's key."""
        ...

    async def find_by_refund_key(self, house_id: str, refund_key: str) -> Payment | None:
        """The payment whose refund was asked for under this key."""
        ...

    async def change(
        self,
        house_id: str,
        payment_id: str,
        decide: Callable[[Payment], Decision],
        *,
        visited: bool = False,
        settles: Sequence[WebhookEvent] = (),
        known: Payment | None = None,
    ) -> tuple[Payment, Decision] | None:
        """Locks the payment, asks `decide`, stores and publishes its changes and the next attempt; None when unknown.

        `decide` may be asked twice: with `known`, what the caller read last, it is first tried without the lock.
        `visited` counts a visit to the provider. The events in `settles` are worked off in the same transaction.
        """
        ...

    async def lease_due(self, limit: int, lease_seconds: float) -> Sequence[Payment]:
        """Up to `limit` payments whose next attempt is due; no other process gets them until the lease ends."""
        ...

    async def count_uncertain(self) -> int:
        """Payments that a provider did not answer for."""
        ...

    async def count_waiting_for_people(self) -> tuple[int, int]:
        """Refunds that are stuck, and disputes that are open."""
        ...


class WebhookEventStore(Protocol):
    """The inbox of providers' webhook events."""

    async def add(self, provider: str, event: WebhookEvent, lease_seconds: float) -> bool:
        """Stores a event, leased to the caller; False when it is stored already."""
        ...

    async def lease(self, provider: str, limit: int, lease_seconds: float) -> Sequence[LeasedWebhookEvent]:
        """Up to `limit` events that nobody has worked off; no other process gets them until the lease ends."""
        ...

    async def settle(self, provider: str, events: Sequence[WebhookEvent], outcome: str) -> None:
        """Marks events as worked off that changed no payment of ours."""
        ...

    async def postpone(self, provider: str, events: Sequence[WebhookEvent], until_ms: int) -> None:
        """The provider did not answer: look again then."""
        ...

    async def begin_listing(self, provider: str, interval_seconds: float) -> str | None:
        """The cursor to list after, None when it was listed less than `interval_seconds` ago by any process."""
        ...

    async def end_listing(self, provider: str, page: WebhookEventPage) -> int:
        """Stores a page's events and its cursor together; answers how many were new."""
        ...

    async def purge(self, settled_before_ms: int, limit: int) -> int:
        """Deletes up to `limit` events that were worked off before then, the oldest first; answers how many."""
        ...
