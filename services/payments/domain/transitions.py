"""What a provider's report does to a payment: one table, all states, all reports. Uncertain is not failed (RULE 25)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from services.payments.domain.payment import (
    AuthorisationVoided,
    AuthorisedAfterEnd,
    CancelAsked,
    Change,
    DisputeChanged,
    DisputeState,
    InstrumentSeen,
    Payment,
    PaymentAuthorised,
    PaymentCancelled,
    PaymentFailed,
    PaymentOpened,
    PaymentState,
    PaymentSucceeded,
    apply,
)
from services.payments.domain.refund_transitions import back_at_provider, refund_asked
from services.payments.domain.refunds import RefundWanted
from services.runtime.errors import Refusal

# How long after the payment's end the provider's "no such payment" is believed: searches at providers lag by a minute.
NEVER_CREATED_AFTER_MS = 10 * 60 * 1000


class ReportKind(Enum):
    """What was heard from the provider about a payment."""

    OPEN = "open"
    AUTHORISED = "authorised"  # the money is kept ready; it moves only when it is captured
    WRONG_MONEY = "wrong_money"  # no money yet, and what would come is not what was asked for
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # declined, expired, or the creation was refused
    CANCELLED = "cancelled"
    MISSING = "missing"  # the provider answered that it knows no such payment
    UNCERTAIN = "uncertain"  # timeout, 5xx, silence, or an answer that makes no sense


@dataclass(frozen=True, slots=True)
class Report:
    """One thing heard about a payment. `refunded_minor`: what has gone back in all, without disputes."""

    kind: ReportKind
    provider_ref: str = ""
    pay_url: str = ""
    reason: str = ""
    refunded_minor: int = 0
    dispute: DisputeState = DisputeState.NONE
    disputed_minor: int = 0
    instrument: str = ""


class Verdict(Enum):
    """What a report means in a state."""

    STAY = "stay"  # nothing new; look again later
    OPEN = "open"
    AUTHORISE = "authorise"
    CALL_OFF = "call_off"  # to be cancelled at the provider before any money moves
    VOID = "void"  # it had ended here: what the provider still has is to be let go
    SUCCEED = "succeed"
    SUCCEED_LATE = "succeed_late"
    FAIL = "fail"
    CANCEL = "cancel"
    STALE = "stale"  # true once, overtaken since
    CONTRADICTION = "contradiction"  # against what is proven: ignored and counted


_S, _R, _V = PaymentState, ReportKind, Verdict

TRANSITIONS: Mapping[tuple[PaymentState, ReportKind], Verdict] = {
    (_S.CREATING, _R.OPEN): _V.OPEN,
    (_S.CREATING, _R.AUTHORISED): _V.AUTHORISE,
    (_S.CREATING, _R.WRONG_MONEY): _V.CALL_OFF,
    (_S.CREATING, _R.SUCCEEDED): _V.SUCCEED,
    (_S.CREATING, _R.FAILED): _V.FAIL,
    (_S.CREATING, _R.CANCELLED): _V.CANCEL,
    (_S.CREATING, _R.MISSING): _V.STAY,  # created again under the same key; given up long after its end
    (_S.CREATING, _R.UNCERTAIN): _V.STAY,
    (_S.PENDING, _R.OPEN): _V.STAY,
    (_S.PENDING, _R.AUTHORISED): _V.AUTHORISE,
    (_S.PENDING, _R.WRONG_MONEY): _V.CALL_OFF,
    (_S.PENDING, _R.SUCCEEDED): _V.SUCCEED,
    (_S.PENDING, _R.FAILED): _V.FAIL,
    (_S.PENDING, _R.CANCELLED): _V.CANCEL,
    (_S.PENDING, _R.MISSING): _V.CONTRADICTION,
    (_S.PENDING, _R.UNCERTAIN): _V.STAY,
    (_S.AUTHORISED, _R.OPEN): _V.STALE,
    (_S.AUTHORISED, _R.AUTHORISED): _V.STAY,
    (_S.AUTHORISED, _R.WRONG_MONEY): _V.CALL_OFF,
    (_S.AUTHORISED, _R.SUCCEEDED): _V.SUCCEED,
    (_S.AUTHORISED, _R.FAILED): _V.FAIL,  # the authorisation ran out
    (_S.AUTHORISED, _R.CANCELLED): _V.CANCEL,
    (_S.AUTHORISED, _R.MISSING): _V.CONTRADICTION,
    (_S.AUTHORISED, _R.UNCERTAIN): _V.STAY,  # a capture without an answer too: it is asked about, then asked for again
    # The money was captured: nothing but a refund changes that.
    (_S.SUCCEEDED, _R.OPEN): _V.STALE,
    (_S.SUCCEEDED, _R.AUTHORISED): _V.STALE,
    (_S.SUCCEEDED, _R.WRONG_MONEY): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.SUCCEEDED): _V.STALE,
    (_S.SUCCEEDED, _R.FAILED): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.CANCELLED): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.MISSING): _V.CONTRADICTION,
    (_S.SUCCEEDED, _R.UNCERTAIN): _V.STAY,
    # A success may still come, and is believed: orders decides whether to claim again or to refund.
    (_S.FAILED, _R.OPEN): _V.STALE,
    (_S.FAILED, _R.AUTHORISED): _V.VOID,
    (_S.FAILED, _R.WRONG_MONEY): _V.VOID,
    (_S.FAILED, _R.SUCCEEDED): _V.SUCCEED_LATE,
    (_S.FAILED, _R.FAILED): _V.STALE,
    (_S.FAILED, _R.CANCELLED): _V.STALE,
    (_S.FAILED, _R.MISSING): _V.STALE,
    (_S.FAILED, _R.UNCERTAIN): _V.STAY,
    (_S.CANCELLED, _R.OPEN): _V.STALE,
    (_S.CANCELLED, _R.AUTHORISED): _V.VOID,
    (_S.CANCELLED, _R.WRONG_MONEY): _V.VOID,
    (_S.CANCELLED, _R.SUCCEEDED): _V.SUCCEED_LATE,
    (_S.CANCELLED, _R.FAILED): _V.STALE,
    (_S.CANCELLED, _R.CANCELLED): _V.STALE,
    (_S.CANCELLED, _R.MISSING): _V.STALE,
    (_S.CANCELLED, _R.UNCERTAIN): _V.STAY,
}


_MONEY = frozenset({Verdict.AUTHORISE, Verdict.SUCCEED, Verdict.SUCCEED_LATE})


@dataclass(frozen=True, slots=True)
class Decision:
    """The changes a report or command brings, and how it was understood."""

    verdict: Verdict
    changes: tuple[Change, ...] = ()


def decide(payment: Payment, report: Report, now_ms: int) -> Decision:
    """What `report` changes about `payment`, whatever the provider did without us included (R5.9)."""
    verdict = _verdict(payment, report, now_ms)
    changes = (*_seen(payment, verdict, report), *_changes(payment, verdict, report, now_ms))
    if report.kind is ReportKind.SUCCEEDED:
        dispute = _dispute(payment, report, now_ms)
        changes = (*changes, *dispute, *_gone_back(_after(payment, changes), report, dispute, now_ms))
    return Decision(verdict, changes)


def _seen(payment: Payment, verdict: Verdict, report: Report) -> tuple[InstrumentSeen, ...]:
    """Kept only where there is a limit to judge by: what nobody needs is not stored."""
    news = payment.limits and report.instrument and not payment.instrument
    return (InstrumentSeen(report.instrument),) if news and verdict in _MONEY else ()


def _dispute(payment: Payment, report: Report, now_ms: int) -> tuple[DisputeChanged, ...]:
    """A closed dispute is not opened again by an older report, and money that was lost does not come back unseen."""
    known, told = payment.dispute_state, report.dispute
    closed = {DisputeState.WON, DisputeState.LOST}
    is_older = told is DisputeState.NONE or (told is DisputeState.OPEN and known in closed)
    if told is known or is_older or known is DisputeState.LOST:
        return ()
    return (DisputeChanged(told, report.disputed_minor, now_ms),)


def _gone_back(
    payment: Payment, report: Report, dispute: tuple[DisputeChanged, ...], now_ms: int
) -> tuple[Change, ...]:
    """A dispute that was lost is money gone as by a refund; the whole is the end, by whatever steps it came."""
    state = dispute[0].state if dispute else payment.dispute_state
    disputed_minor = dispute[0].disputed_minor if dispute else payment.disputed_minor
    lost_minor = disputed_minor if state is DisputeState.LOST else 0
    return back_at_provider(payment, report.refunded_minor + lost_minor, now_ms)


def _verdict(payment: Payment, report: Report, now_ms: int) -> Verdict:
    given_up = now_ms >= payment.expires_at_ms + NEVER_CREATED_AFTER_MS
    if payment.state is PaymentState.CREATING and report.kind is ReportKind.MISSING and given_up:
        return Verdict.FAIL
    return TRANSITIONS[payment.state, report.kind]


def _changes(payment: Payment, verdict: Verdict, report: Report, now_ms: int) -> tuple[Change, ...]:  # noqa: PLR0911
    match verdict:
        case Verdict.OPEN:
            return (PaymentOpened(report.provider_ref, report.pay_url),)
        case Verdict.AUTHORISE:
            return (PaymentAuthorised(report.provider_ref, now_ms),)
        case Verdict.CALL_OFF:
            return _called_off(payment, report, now_ms)
        case Verdict.VOID:
            return () if payment.authorised_at_ms else (AuthorisedAfterEnd(report.provider_ref, now_ms),)
        case Verdict.SUCCEED:
            return (PaymentSucceeded(report.provider_ref, now_ms, late=False),)
        case Verdict.SUCCEED_LATE:
            return _succeeded_late(payment, PaymentSucceeded(report.provider_ref, now_ms, late=True), now_ms)
        case Verdict.FAIL:
            return (PaymentFailed(report.reason or "never_created", now_ms),)
        case Verdict.CANCEL:
            return (PaymentCancelled(now_ms),)
        case Verdict.STALE if payment.authorised_at_ms and _lets_go(payment, report):
            return (AuthorisationVoided(now_ms),)
        case Verdict.STAY | Verdict.STALE | Verdict.CONTRADICTION:
            return ()
        case _:
            assert_never(verdict)


def _called_off(payment: Payment, report: Report, now_ms: int) -> tuple[Change, ...]:
    """Nobody is shown where to pay it, and the provider is asked to cancel it."""
    opened = (PaymentOpened(report.provider_ref, ""),) if payment.state is PaymentState.CREATING else ()
    return opened if payment.cancel_asked_at_ms else (*opened, CancelAsked(now_ms))


def _lets_go(payment: Payment, report: Report) -> bool:
    ended = payment.state in {PaymentState.FAILED, PaymentState.CANCELLED}
    return ended and report.kind in {ReportKind.FAILED, ReportKind.CANCELLED}


def _succeeded_late(payment: Payment, success: PaymentSucceeded, now_ms: int) -> tuple[Change, ...]:
    """Vouchers that paid with it have their money back since it ended, so what came is not what is to be paid.

    It goes back by itself, all of it. Without vouchers orders decides whether to claim again or to refund.
    """
    if not payment.charges:
        return (success,)
    owed = refund_asked(apply(payment, success), RefundWanted(f"late:{payment.payment_id}", nothing_taken=True), now_ms)
    assert not isinstance(owed, Refusal), "captured money that nobody has refunded can go back"
    return (success, *owed)


def _after(payment: Payment, changes: Iterable[Change]) -> Payment:
    for change in changes:
        payment = apply(payment, change)
    return payment
