"""A payment and everything that can change it. Pure: `apply` is the only writer, `transitions` decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.refund_changes import (
    OfRefund,
    RefundAccepted,
    RefundAskedAgain,
    RefundAttemptFailed,
    RefundGiven,
    RefundMovedBack,
    RefundOwed,
    RefundPassedOn,
    RefundSeenTo,
    RefundSettled,
    RefundStuck,
    RefundSucceeded,
    changed,
)
from services.payments.domain.refunds import Refund, RefundState


class PaymentState(Enum):
    """Where a payment stands, as far as it is proven (RULE 25)."""

    CREATING = "CREATING"  # recorded; the provider may or may not know it
    PENDING = "PENDING"  # the provider has it; no money yet
    AUTHORISED = "AUTHORISED"  # the provider keeps the buyer's money ready; it is ours once captured
    SUCCEEDED = "SUCCEEDED"  # the money was captured; never left again, what goes back is told apart
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class DisputeState(Enum):
    """Where the buyer's dispute with the bank stands (a chargeback)."""

    NONE = "NONE"
    OPEN = "OPEN"
    WON = "WON"  # the house keeps the money
    LOST = "LOST"  # the disputed money is gone as if refunded


@dataclass(frozen=True, slots=True)
class InstrumentLimit:
    """The payment pays for so many tickets of a performance, of which one card may pay for at most so many."""

    performance_id: str
    seats: int
    most: int


@dataclass(frozen=True, slots=True)
class OverLimit:
    """Why a payment is not taken: its card has paid for so many already."""

    performance_id: str
    most: int
    has: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to be paid for one order, with its refunds. Amounts in minor units, times in unix milliseconds.

    `charges` are the vouchers and gift cards that pay first, a provider is asked for the rest. `authorised_at_ms`:
    since when the provider keeps money ready that was neither captured nor let go; a payment that has ended without
    money and yet has one is owed a void. `refunded_minor` is what has gone back by then, in parts or whole: our
    `refunds`, the house's own at the provider, and disputes that were lost. `provider_account_id` is the house's
    account at the provider, "" the deployment's own; `method` is the way to pay that the buyer chose, "" any.
    `instrument` is a keyed hash of what it was paid with, kept where there are `limits` to judge by.
    `attempts` counts the visits since the last change; `next_attempt_at_ms` is when the reconciler looks again, None
    when there is nothing left to learn. `version` counts the stored changes.
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
    charges: tuple[Charge, ...] = ()
    refunds: tuple[Refund, ...] = ()
    refunded_at_ms: int | None = None
    refunded_minor: int = 0
    dispute_state: DisputeState = DisputeState.NONE
    disputed_minor: int = 0
    provider_account_id: str = ""
    method: str = ""
    limits: tuple[InstrumentLimit, ...] = ()
    instrument: str = ""
    over_limit: OverLimit | None = None
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
    def left_minor(self) -> int:
        """What has not gone back yet."""
        return self.amount_minor - self.refunded_minor

    @property
    def moves_vouchers(self) -> bool:
        """Whether its changes are of concern to vouchers."""
        return bool(self.charges) or any(refund.shares for refund in self.refunds)

    @property
    def provider_minor(self) -> int:
        """What the provider is asked for; 0: no provider at all."""
        return self.amount_minor - sum(charge.amount_minor for charge in self.charges)

    @property
    def provider_back_minor(self) -> int:
        """What has gone back at the provider, by whoever's hand."""
        return self.refunded_minor - sum(refund.given_here_minor for refund in self.refunds)

    @property
    def elsewhere_minor(self) -> int:
        """What has gone back at the provider without us (R5.9)."""
        return self.provider_back_minor - sum(refund.provider_done_minor for refund in self.refunds)

    @property
    def charges_left_minor(self) -> tuple[int, ...]:
        """What of each charge has neither gone back nor is owed; the last is the provider's."""
        back: dict[str, int] = {}
        for share in (share for refund in self.refunds for share in refund.shares if share.voucher_id):
            back[share.voucher_id] = back.get(share.voucher_id, 0) + share.amount_minor
        owed_minor = sum(refund.provider_minor for refund in self.refunds)
        of_vouchers = (charge.amount_minor - back.get(charge.voucher_id, 0) for charge in self.charges)
        return (*of_vouchers, self.provider_minor - self.elsewhere_minor - owed_minor)

    @property
    def moved_minor(self) -> int:
        """What of it pays other payments."""
        return sum(refund.moved_minor for refund in self.refunds)

    @property
    def exchanged_from(self) -> str:
        """The payment that pays part of it, because its order was exchanged; "": none."""
        return next((one.voucher_id for one in self.charges if one.instrument is InstrumentKind.EXCHANGE), "")

    @property
    def passes_on(self) -> tuple[Refund, ...]:
        """Refunds that the payment it was paid with has yet to hear of."""
        return tuple(one for one in self.refunds if one.passes_on_minor and not one.is_passed_on)

    @property
    def refund_state(self) -> RefundState:
        """How all of it stands: whole when nothing is left; else what people must see first."""
        if self.state is PaymentState.SUCCEEDED and self.left_minor == 0:
            return RefundState.SUCCEEDED
        states = {refund.state for refund in self.refunds}
        return next((one for one in (RefundState.STUCK, RefundState.DUE) if one in states), RefundState.NONE)

    @property
    def due_refund(self) -> Refund | None:
        """The one that the provider is asked for. One after the other: its sums then tell whose money has come."""
        return next((refund for refund in self.refunds if refund.state is RefundState.DUE), None)

    def refund_under(self, key: str) -> Refund | None:
        """The refund that was asked for under this key."""
        return next((refund for refund in self.refunds if refund.has_key(key)), None)

    def provider_refund_key(self, refund: Refund) -> str:
        """The refund's own key at the provider: another one after a definite failure, or for another amount.

        The first refund's are those of releases that knew only one, which may have asked under them already.
        """
        place = self.refunds.index(refund)
        number = f"{refund.attempt}" if place == 0 and refund.is_whole else f"{place}.{refund.attempt}"
        part = f":{refund.left_minor}" if refund.left_minor != self.amount_minor else ""
        return f"{self.house_id}:{self.payment_id}:refund:{number}{part}"


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
class InstrumentSeen:
    """With what it is paid, as a keyed hash."""

    instrument: str


@dataclass(frozen=True, slots=True)
class InstrumentOverLimit:
    """Its card has paid for as many tickets as the house allows: no money is kept."""

    over: OverLimit


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
    | InstrumentSeen
    | InstrumentOverLimit
    | AuthorisedAfterEnd
    | AuthorisationVoided
    | PaymentSucceeded
    | PaymentFailed
    | PaymentCancelled
    | CancelAsked
    | RefundOwed
    | RefundSeenTo
    | OfRefund
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
        case InstrumentSeen(instrument):
            return replace(payment, instrument=instrument)
        case InstrumentOverLimit(over):
            return replace(payment, over_limit=over)
        case AuthorisedAfterEnd(provider_ref, at_ms):
            return replace(payment, provider_ref=provider_ref, authorised_at_ms=at_ms)
        case AuthorisationVoided():
            return replace(payment, authorised_at_ms=None)
        case PaymentSucceeded(provider_ref, at_ms):
            ref = provider_ref or payment.provider_ref  # none where vouchers pay all of it
            captured = replace(payment, state=PaymentState.SUCCEEDED, provider_ref=ref, succeeded_at_ms=at_ms)
            return replace(captured, reason="", authorised_at_ms=None)
        case PaymentFailed(reason, at_ms):
            return replace(payment, state=PaymentState.FAILED, reason=reason, ended_at_ms=at_ms, authorised_at_ms=None)
        case PaymentCancelled(at_ms):
            return replace(payment, state=PaymentState.CANCELLED, ended_at_ms=at_ms, authorised_at_ms=None)
        case CancelAsked(at_ms):
            return replace(payment, cancel_asked_at_ms=at_ms)
        case RefundOwed(refund):
            given_minor = payment.refunded_minor + refund.given_here_minor
            return replace(payment, refunds=(*payment.refunds, refund), refunded_minor=given_minor)
        case RefundSeenTo():
            return payment
        case (
            RefundAskedAgain()
            | RefundAttemptFailed()
            | RefundAccepted()
            | RefundStuck()
            | RefundGiven()
            | RefundSettled()
            | RefundSucceeded()
            | RefundMovedBack()
            | RefundPassedOn() as change
        ):
            return _with_refund(payment, change)
        case PaymentPartlyRefunded(refunded_minor):
            return replace(payment, refunded_minor=refunded_minor)
        case PaymentRefunded(at_ms):
            return replace(payment, refunded_minor=payment.amount_minor, refunded_at_ms=at_ms)
        case DisputeChanged(state, disputed_minor):
            return replace(payment, dispute_state=state, disputed_minor=disputed_minor)
        case _:
            assert_never(change)


def _with_refund(payment: Payment, change: OfRefund) -> Payment:
    before = next(one for one in payment.refunds if one.key == change.key)
    after = changed(before, change)
    refunds = tuple(after if one is before else one for one in payment.refunds)
    return replace(
        payment,
        refunds=refunds,
        refunded_minor=payment.refunded_minor
        + before.left_minor
        - after.left_minor
        + after.moved_minor
        - before.moved_minor,
    )
