"""What a provider's report does to a payment: one table, all states, all reports. Uncertain is not failed (RULE 25)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from services.payments.domain.payment import (
    Change,
    Payment,
    PaymentCancelled,
    PaymentFailed,
    PaymentOpened,
    PaymentRefunded,
    PaymentState,
    PaymentSucceeded,
    RefundAttemptFailed,
    RefundState,
)

# How long after the payment's end the provider's "no such payment" is believed: searches at providers lag by a minute.
NEVER_CREATED_AFTER_MS = 10 * 60 * 1000


class ReportKind(Enum):
    """What was heard from the provider about a payment."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # declined, expired, or the creation was refused
    CANCELLED = "cancelled"
    MISSING = "missing"  # the provider answered that it knows no such payment
    UNCERTAIN = "uncertain"  # timeout, 5xx, silence, or an answer that makes no sense


@dataclass(frozen=True, slots=True)
class Report:
    """One thing heard about a payment. `refunded`: the whole amount went back."""

    kind: ReportKind
    provider_ref: str = ""
    pay_url: str = ""
    reason: str = ""
    refunded: bool = False


class Verdict(Enum):
    """What a report means in a state."""

    STAY = "stay"  # nothing new; look again later
    OPEN = "open"
    SUCCEED = "succeed"
    SUCCEED_LATE = "succeed_late"
    FAIL = "fail"
    CANCEL = "cancel"
    STALE = "stale"  # true once, overtaken since
    CONTRADICTION = "contradiction"  # against what is proven: ignored and counted


_S, _R, _V = PaymentState, ReportKind, Verdict

TRANSITIONS: Mapping[tuple[PaymentState, ReportKind], Verdict] = {
    (_S.CREATING, _R.OPEN): _V.OPEN,
    (_S.CREATING, _R.SUCCEEDED): _V.SUCCEED,
    (_S.CREATING, _R.FAILED): _V.FAIL,
    (_S.CREATING, _R.CANCELLED): _V.CANCEL,
    (_S.CREATING, _R.MISSING): _V.STAY,  # created again under the same key; given up long after its end
    (_S.CREATING, _R.UNCERTAIN): _V.STAY,
    (_S.PENDING, _R.OPEN): _V.STAY,
    (_S.PENDING, _R.SUCCEEDED): _V.SUCCEED,
    (_S.PENDING, _R.FAILED): _V.FAIL,
    (_S.PENDING, _R.CANCELLED): _V.CANCEL,
    (_S.PENDING, _R.MISSING): _V.CONTRADICTION,
    (_S.PENDING, _R.UNCERTAIN): _V.STAY,
    # The money was captured: nothing but a refund changes that.
    (_S.SUCCEEDED, _R.OPEN): _V.STALE,
    (_S.SUCCEEDED, _R.SUCCEEDED): _V.STALE,
    (_S.SUCCEEDED, _R.FAILED): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.CANCELLED): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.MISSING): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.UNCERTAIN): _V.STAY,
    # A success may still come, and is believed: orders decides whether to claim again or to refund.
    (_S.FAILED, _R.OPEN): _V.STALE,
    (_S.FAILED, _R.SUCCEEDED): _V.SUCCEED_LATE,
    (_S.FAILED, _R.FAILED): _V.STALE,
    (_S.FAILED, _R.CANCELLED): _V.STALE,
    (_S.FAILED, _R.MISSING): _V.STALE,
    (_S.FAILED, _R.UNCERTAIN): _V.STAY,
    (_S.CANCELLED, _R.OPEN): _V.STALE,
    (_S.CANCELLED, _R.SUCCEEDED): _V.SUCCEED_LATE,
    (_S.CANCELLED, _R.FAILED): _V.STALE,
    (_S.CANCELLED, _R.CANCELLED): _V.STALE,
    (_S.CANCELLED, _R.MISSING): _V.STALE,
    (_S.CANCELLED, _R.UNCERTAIN): _V.STAY,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The changes a report or command brings, and how it was understood."""

    verdict: Verdict
    changes: tuple[Change, ...] = ()


def decide(payment: Payment, report: Report, now_ms: int) -> Decision:
    """What `report` changes about `payment`, its refund included."""
    verdict = _verdict(payment, report, now_ms)
    changes = _changes(verdict, report, now_ms)
    if report.refunded and payment.refund_state is RefundState.DUE:
        changes = (*changes, PaymentRefunded(now_ms))
    return Decision(verdict, changes)


def _verdict(payment: Payment, report: Report, now_ms: int) -> Verdict:
    given_up = now_ms >= payment.expires_at_ms + NEVER_CREATED_AFTER_MS
    if payment.state is PaymentState.CREATING and report.kind is ReportKind.MISSING and given_up:
        return Verdict.FAIL
    return TRANSITIONS[payment.state, report.kind]


def _changes(verdict: Verdict, report: Report, now_ms: int) -> tuple[Change, ...]:
    match verdict:
        case Verdict.OPEN:
            return (PaymentOpened(report.provider_ref, report.pay_url),)
        case Verdict.SUCCEED:
            return (PaymentSucceeded(report.provider_ref, now_ms, late=False),)
        case Verdict.SUCCEED_LATE:
            return (PaymentSucceeded(report.provider_ref, now_ms, late=True),)
        case Verdict.FAIL:
            return (PaymentFailed(report.reason or "never_created", now_ms),)
        case Verdict.CANCEL:
            return (PaymentCancelled(now_ms),)
        case Verdict.STAY | Verdict.STALE | Verdict.CONTRADICTION:
            return ()
        case _:
            assert_never(verdict)


class RefundReport(Enum):
    """What was heard from the provider about a refund."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"  # definitely no money back under this key
    UNCERTAIN = "uncertain"


def decide_refund(payment: Payment, report: RefundReport, attempt: int, now_ms: int) -> Decision:
    """What is heard about refund attempt number `attempt` changes. A refund stays due until the provider says done."""
    if payment.refund_state is not RefundState.DUE:
        return Decision(Verdict.STALE)
    match report:
        case RefundReport.SUCCEEDED:
            return Decision(Verdict.SUCCEED, (PaymentRefunded(now_ms),))
        case RefundReport.FAILED if attempt == payment.refund_attempt:
            return Decision(Verdict.STAY, (RefundAttemptFailed(attempt),))
        case RefundReport.FAILED | RefundReport.PENDING | RefundReport.UNCERTAIN:
            return Decision(Verdict.STAY)
        case _:
            assert_never(report)
