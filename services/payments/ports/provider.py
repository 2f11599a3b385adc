"""A payment provider, whichever it is: one account there, as payments speak with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from services.payments.domain.payment import DisputeState, Payment
from services.payments.domain.payment_methods import PaymentMethod
from services.payments.domain.refunds import RefundReport
from services.payments.ports.outcome import Outcome

# The word of every adapter for an answer that lets nobody in (401, 403): the account's key was withdrawn or is wrong.
KEY_REFUSED: Final = "key_refused"
# The word of every adapter for what the provider does not know.
NOT_FOUND: Final = "not_found"


class ProviderStatus(Enum):
    """A payment's status as every provider has it. Stripe's requires_payment_method, Mollie's open are OPEN."""

    OPEN = "open"
    AUTHORISED = "authorised"  # the money is held for us: capture() takes it, cancel() lets it go
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # expired too
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as the provider tells it. `house_id` and `payment_id` are the metadata that creation gave it.

    `instrument`: a keyed hash of what it was paid with, the same for the same card; "" where that is not known.
    """

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
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Whose account a key opens, as the provider tells it."""

    ref: str
    name: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something happened to the payment `payment_ref`; what, is asked for. `event_id` is for recognising repeats.

    `is_signed` False: anybody may have sent it, so it is only worth a question about a payment that we know.
    """

    event_id: str
    payment_ref: str
    is_signed: bool = True
    # The payment as it stood when this happened, of a webhook that is signed and fresh: the provider's own record, if
    # not its latest. Not stored: whoever takes the event from the inbox asks.
    snapshot: ProviderPayment | None = field(default=None, compare=False)


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
        """The kind of provider: sandbox, stripe, mollie. In rows, metrics and webhook addresses."""
        ...

    @property
    def account(self) -> str:
        """Whose events and cursor these are: the id of the house's account, "sandbox" for the deployment's own."""
        ...

    @property
    def house_id(self) -> str:
        """Whose account it is, "" where it is the deployment's."""
        ...

    async def check(self) -> Outcome[ProviderIdentity]:
        """One harmless question: whether the key is good, and whose account it opens. KEY_REFUSED is a no."""
        ...

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        """The ways to pay that are open at the account in that currency, named for that language.

        Those that do not take the amount may be left out; the others tell their limits where the provider has them.
        """
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
        """Asks to cancel, which lets authorised money go; Done tells how the payment stands after that."""
        ...

    async def capture(self, payment: Payment) -> Outcome[ProviderPayment]:
        """Takes the money that is AUTHORISED; Done tells how the payment stands after that. May be repeated."""
        ...

    async def refund(self, payment: Payment, amount_minor: int, key: str) -> Outcome[RefundReport]:
        """Refunds so much under `key`: the same key again moves no money again, however late it comes."""
        ...

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        """What happened since `cursor` ("" is the beginning), changes of payments that we do not know too.

        It heals webhooks that were missed. What was told before may come again, under the same `event_id`.
        """
        ...

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now_ms: int, channel: str = ""
    ) -> WebhookEvent | WebhookFlaw:
        """Checks a webhook's signature over the raw bytes. Header names are lower case.

        `channel`: the last part of its address where a provider has several kinds of webhooks, each with its own rules.
        """
        ...

    async def close(self) -> None:
        """Lets its connections go."""
        ...
