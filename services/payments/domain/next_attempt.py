"""What to ask the provider next about a payment, and when. Pure; the jitter comes out of the payment's own id."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from enum import Enum

from services.payments.domain.payment import DisputeState, Payment, PaymentState
from services.payments.domain.refunds import RefundState


class NextAct(Enum):
    """The one call that may teach us something."""

    CREATE = "create"
    FETCH = "fetch"
    WATCH = "watch"  # fetch now and then: captured money may go back without us (R5.9)
    CAPTURE = "capture"
    CANCEL = "cancel"  # of what is authorised: void it, and no money moves
    REFUND = "refund"
    TELL_PAYER = "tell_payer"  # tell the payment that it was paid with what went back of that; no provider is asked
    NOTHING = "nothing"


def next_act(payment: Payment) -> NextAct:
    """What the reconciler does with this payment."""
    match payment.state:
        case PaymentState.CREATING:
            return NextAct.CREATE
        case PaymentState.PENDING:
            return NextAct.FETCH if payment.cancel_asked_at_ms is None else NextAct.CANCEL
        case PaymentState.AUTHORISED:
            # Seats are claimed before anybody is asked for money, so nothing more is waited for. A cancel wins.
            return NextAct.CAPTURE if payment.cancel_asked_at_ms is None else NextAct.CANCEL
        case PaymentState.SUCCEEDED:
            return _captured_act(payment)
        case PaymentState.FAILED | PaymentState.CANCELLED:
            return NextAct.NOTHING if payment.authorised_at_ms is None else NextAct.CANCEL


def _captured_act(payment: Payment) -> NextAct:
    # The other payment may have to be waited for: refunds of the provider's part take turns with that.
    if payment.passes_on and (payment.due_refund is None or payment.attempts % 2 == 0):
        return NextAct.TELL_PAYER
    if payment.refund_state is RefundState.SUCCEEDED or payment.provider_minor == 0:
        return NextAct.NOTHING
    # Providers refuse to refund what is disputed: its end decides where the money goes.
    is_asked = payment.due_refund is not None and payment.dispute_state is not DisputeState.OPEN
    return NextAct.REFUND if is_asked else NextAct.WATCH


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait before asking (again), in seconds. Waits double with each visit, up to the limit."""

    uncertain_seconds: float = 0.5
    uncertain_limit_seconds: float = 60.0
    pending_seconds: float = 5.0
    pending_limit_seconds: float = 300.0
    watch_seconds: float = 3_600.0
    watch_limit_seconds: float = 86_400.0
    watch_days: int = 180
    # Whoever owes a refund asks for it at once: others look when that has had its time.
    first_refund_seconds: float = 0.5


# Asked shortly after the payment's end: it should have ended at the provider too.
_AFTER_END_MS = 1_000
_MAX_DOUBLINGS = 16
_DAY_MS = 86_400_000


def backoff_ms(identity: str, attempts: int, first_seconds: float, limit_seconds: float) -> int:
    """first * 2^attempts up to the limit, times a factor in [0.5, 1] that `identity` and `attempts` determine."""
    full = min(limit_seconds, first_seconds * 2 ** min(attempts, _MAX_DOUBLINGS))
    share = zlib.crc32(f"{identity}:{attempts}".encode()) / 0xFFFF_FFFF
    return max(1, int(full * (0.5 + share / 2) * 1000))


def next_attempt_at_ms(payment: Payment, retry_policy: RetryPolicy, now_ms: int) -> int | None:
    """When to look at the payment again, counted after `payment.attempts` visits; None when everything is known."""
    act = next_act(payment)
    if act is NextAct.NOTHING:
        return None
    if act is NextAct.WATCH:
        return _next_watch_ms(payment, retry_policy, now_ms)
    if act is not NextAct.FETCH:
        wait_ms = backoff_ms(
            payment.payment_id, payment.attempts, retry_policy.uncertain_seconds, retry_policy.uncertain_limit_seconds
        )
        is_asked_now = act is NextAct.REFUND and payment.attempts == 0
        return now_ms + (max(wait_ms, int(retry_policy.first_refund_seconds * 1000)) if is_asked_now else wait_ms)
    at_ms = now_ms + backoff_ms(
        payment.payment_id, payment.attempts, retry_policy.pending_seconds, retry_policy.pending_limit_seconds
    )
    soon_after_end_ms = payment.expires_at_ms + _AFTER_END_MS
    return soon_after_end_ms if now_ms < soon_after_end_ms < at_ms else at_ms


def _next_watch_ms(payment: Payment, retry_policy: RetryPolicy, now_ms: int) -> int | None:
    """Webhooks and the provider's list tell at once; this is for what neither told. Whatever is open has no end."""
    is_open = payment.refund_state is not RefundState.NONE or payment.dispute_state is DisputeState.OPEN
    captured_at_ms = payment.succeeded_at_ms or payment.created_at_ms
    at_ms = now_ms + backoff_ms(
        payment.payment_id, payment.attempts, retry_policy.watch_seconds, retry_policy.watch_limit_seconds
    )
    return at_ms if is_open or at_ms <= captured_at_ms + retry_policy.watch_days * _DAY_MS else None


def rescheduled(before: Payment, after: Payment, *, visited: bool, retry_policy: RetryPolicy, now_ms: int) -> Payment:
    """`after` with its visits counted and its next attempt set. A new state starts the count, and the wait, anew."""
    if _standing(before) != _standing(after):
        after = replace(after, attempts=0)
    elif visited:
        after = replace(after, attempts=before.attempts + 1)
    elif before == after:
        return after
    return replace(after, next_attempt_at_ms=next_attempt_at_ms(after, retry_policy, now_ms))


def _standing(payment: Payment) -> tuple[PaymentState, RefundState, tuple[RefundState, ...]]:
    return payment.state, payment.refund_state, tuple(refund.state for refund in payment.refunds)
