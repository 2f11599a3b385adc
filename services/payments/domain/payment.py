"""A payment and everything that can change it. Pure: `apply` is the only writer, `transitions` decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never


class PaymentState(Enum):
    """Where a payment stands, as far as it is proven (RULE 25)."""

    CREATING = "CREATING"  # recorded; the provider may or may not know it
    PENDING = "PENDING"  # the provider has it; no money yet
    AUTHORISED = "AUTHORISED"  # the provider keeps the buyer's money ready; it is ours once captured
    SUCCEEDED = "SUCCEEDED"  # the money was captured; never left again, what goes back is told apart
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class RefundState(Enum):
    """Where the refund of a captured payment stands."""

    NONE = "NONE"
    DUE = "DUE"  # owed; asked for at the provider until it says done
    STUCK = "STUCK"  # owed, but the provider has refused too often: people must act
    SUCCEEDED = "SUCCEEDED"  # the whole amount is back, whoever gave it


class DisputeState(Enum):
    """Where the buyer's dispute with the bank stands (a chargeback)."""

    NONE = "NONE"
    OPEN = "OPEN"
    WON = "WON"  # the house keeps the money
    LOST = "LOST"  # the disputed money is gone as if refunded


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to be paid for one order, with its refund. Amounts in minor units, times in unix milliseconds.

    `authorised_at_ms`: since when the provider keeps money ready that was neither captured nor let go; a payment that
    has ended without money and yet has one is owed a void. `refunded_minor` is what has gone back by then, in parts or
    whole: our refund, the house's own at the provider, and disputes that were lost. `refund_refusals` counts the
    provider's refusals since the refund was last asked for. `provider_account_id` is the house's account at the
    provider, "" the deployment's own. `attempts` counts the visits since the last change; `next_attempt_at_ms` is when
    the reconciler looks again, None when there is nothing left to learn. `version` counts the stored changes.
    """

    payment_id: str
    house_id: str
    idempotency_key: str
    request_hash: str
    order_id: str
    performance_id: str
    amount_minor: int
    currency: str
    return_url: str
    expires_at_ms: int
    provider: str
    created_at_ms: int
    state: PaymentState = PaymentState.CREATING
    provider_ref: str | None = None
    pay_url: str = ""
    reason: str = ""
    authorised_at_ms: int | None = None
    succeeded_at_ms: int | None = None
    ended_at_ms: int | None = None
    cancel_asked_at_ms: int | None = None
    refund_state: RefundState = RefundState.NONE
    refund_key: str | None = None
    refund_attempt: int = 0
    refund_refusals: int = 0
    refund_due_at_ms: int | None = None
    refunded_at_ms: int | None = None
    refunded_minor: int = 0
    dispute_state: DisputeState = DisputeState.NONE
    disputed_minor: int = 0
    provider_account_id: str = ""
    attempts: int = 0
    next_attempt_at_ms: int | None = None
    version: int = 0

    @property
    def account(self) -> str:
        """Where it was made: the house's own account, or the one that the deployment has with the provider."""
        return self.provider_account_id or self.provider

    @property
    def provider_key(self) -> str:
        """The idempotency key at the provider: the caller's own, kept apart per house."""
        return f"{self.house_id}:{self.idempotency_key}"

    @property
    def provider_capture_key(self) -> str:
        """A new one a visit: an authorisation is captured once whatever the keys, and a kept 500 is not heard again."""
        return f"{self.house_id}:{self.payment_id}:capture:{self.attempts}"

    @property
    def provider_refund_key(self) -> str:
        """The refund's own key; a refund that definitely failed, or of another amount, is asked for under a new one."""
        part = f":{self.left_minor}" if self.refunded_minor else ""
        return f"{self.house_id}:{self.payment_id}:refund:{self.refund_attempt}{part}"

    @property
    def left_minor(self) -> int:
        """What has not gone back yet: all that a refund may ask for."""
        return self.amount_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class PaymentOpened:
    """The provider has the payment; the buyer can pay at `pay_url`."""

    provider_ref: str
    pay_url: str


@dataclass(frozen=True, slots=True)
class PaymentAuthorised:
    """The buyer has agreed and the provider keeps the money ready; none has moved."""

    provider_ref: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class AuthorisedAfterEnd:
    """The provider holds the buyer's money ready for a payment that has ended here: it is to be let go."""

    provider_ref: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class AuthorisationVoided:
    """The provider has let the buyer's money go that it held after the payment's end."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class PaymentSucceeded:
    """The money was captured. `late`: after we had taken the payment for ended."""

    provider_ref: str
    at_ms: int
    late: bool


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """No money and none to come: `reason` is the provider's word."""

    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PaymentCancelled:
    """The provider confirmed that it will take no money."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Somebody wants the payment cancelled; the reconciler asks until the provider has answered."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundOwed:
    """What is left of the amount is to go back."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundAttemptFailed:
    """The provider definitely did not refund under this attempt's key; the next attempt has another."""

    attempt: int


@dataclass(frozen=True, slots=True)
class RefundStuck:
    """The provider refused the refund for the last time that it was asked by itself."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class PaymentPartlyRefunded:
    """Part of the amount is back: `refunded_minor` of it in all, never a delta."""

    refunded_minor: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """The whole amount is back, whoever gave it."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class DisputeChanged:
    """The buyer's dispute over `disputed_minor` was opened, won or lost."""

    state: DisputeState
    disputed_minor: int
    at_ms: int


Change = (
    PaymentOpened
    | PaymentAuthorised
    | AuthorisedAfterEnd
    | AuthorisationVoided
    | PaymentSucceeded
    | PaymentFailed
    | PaymentCancelled
    | CancelAsked
    | RefundOwed
    | RefundAttemptFailed
    | RefundStuck
    | PaymentPartlyRefunded
    | PaymentRefunded
    | DisputeChanged
)


def apply(payment: Payment, change: Change) -> Payment:  # noqa: PLR0911, PLR0912 (one return a change)
    """The payment after `change`."""
    match change:
        case PaymentOpened(provider_ref, pay_url):
            return replace(payment, state=PaymentState.PENDING, provider_ref=provider_ref, pay_url=pay_url)
        case PaymentAuthorised(provider_ref, at_ms):
            return replace(payment, state=PaymentState.AUTHORISED, provider_ref=provider_ref, authorised_at_ms=at_ms)
        case AuthorisedAfterEnd(provider_ref, at_ms):
            return replace(payment, provider_ref=provider_ref, authorised_at_ms=at_ms)
        case AuthorisationVoided():
            return replace(payment, authorised_at_ms=None)
        case PaymentSucceeded(provider_ref, at_ms):
            captured = replace(payment, state=PaymentState.SUCCEEDED, provider_ref=provider_ref, succeeded_at_ms=at_ms)
            return replace(captured, reason="", authorised_at_ms=None)
        case PaymentFailed(reason, at_ms):
            ended = replace(payment, state=PaymentState.FAILED, reason=reason, ended_at_ms=at_ms)
            return replace(ended, authorised_at_ms=None)
        case PaymentCancelled(at_ms):
            return replace(payment, state=PaymentState.CANCELLED, ended_at_ms=at_ms, authorised_at_ms=None)
        case CancelAsked(at_ms):
            return replace(payment, cancel_asked_at_ms=at_ms)
        case RefundOwed(key, at_ms):
            owed = replace(payment, refund_state=RefundState.DUE, refund_key=key, refund_refusals=0)
            return replace(owed, refund_due_at_ms=payment.refund_due_at_ms or at_ms)
        case RefundAttemptFailed(attempt):
            return replace(payment, refund_attempt=attempt + 1, refund_refusals=payment.refund_refusals + 1)
        case RefundStuck():
            return replace(payment, refund_state=RefundState.STUCK)
        case PaymentPartlyRefunded(refunded_minor):
            return replace(payment, refunded_minor=refunded_minor)
        case PaymentRefunded(at_ms):
            back = replace(payment, refunded_minor=payment.amount_minor)
            return replace(back, refund_state=RefundState.SUCCEEDED, refunded_at_ms=at_ms)
        case DisputeChanged(state, disputed_minor):
            return replace(payment, dispute_state=state, disputed_minor=disputed_minor)
        case _:
            assert_never(change)
