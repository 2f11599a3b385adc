"""Turns what a provider answered into the domain's reports, and doubts what does not fit our record."""

from __future__ import annotations

from typing import assert_never

from services.payments.domain.payment import DisputeState, Payment, PaymentState
from services.payments.domain.refunds import RefundReport
from services.payments.domain.transitions import Report, ReportKind
from services.payments.ports import NOT_FOUND, Declined, Done, Outcome, ProviderPayment, ProviderStatus, Uncertain
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import PAYMENT_CONTRADICTIONS

_log = get_logger("payments")

_KINDS = {
    ProviderStatus.OPEN: ReportKind.OPEN,
    ProviderStatus.AUTHORISED: ReportKind.AUTHORISED,
    ProviderStatus.SUCCEEDED: ReportKind.SUCCEEDED,
    ProviderStatus.FAILED: ReportKind.FAILED,
    ProviderStatus.CANCELLED: ReportKind.CANCELLED,
}

_MONEY = frozenset({ProviderStatus.AUTHORISED, ProviderStatus.SUCCEEDED})

UNCERTAIN = Report(ReportKind.UNCERTAIN)
MISSING = Report(ReportKind.MISSING)


def report_of(payment: Payment, told: ProviderPayment, account: str = "") -> Report:
    """What the provider's payment says about ours: nothing if it is another's, no payment if it is of other money.

    `account`: at which it was told of, where that is not the payment's own by the way it was asked.
    """
    if account not in ("", payment.account):
        _differs(payment, told, "account")
        return UNCERTAIN
    if (told.house_id, told.payment_id) != (payment.house_id, payment.payment_id):
        _differs(payment, told, "owner")
        return UNCERTAIN
    if payment.provider_ref not in (None, told.ref) and told.status not in _MONEY:
        # A creation that was asked for twice may have left a second one there, which nobody was shown.
        return UNCERTAIN
    if (told.amount_minor, told.currency) != (payment.provider_minor, payment.currency):
        _differs(payment, told, "money")
        return _report_of_wrong_money(told)
    return Report(
        _KINDS[told.status],
        provider_ref=told.ref,
        pay_url=told.pay_url,
        reason=told.reason,
        refunded_minor=told.refunded_minor,
        dispute=told.dispute,
        disputed_minor=told.disputed_minor,
        instrument=told.instrument,
    )


def report_of_snapshot(payment: Payment, told: ProviderPayment, account: str) -> Report | None:
    """What a signed webhook's own record proves: the final success of the payment that waits for it, and nothing else.

    None for whatever may have changed since (an open payment, a refund, a dispute), for what the record says of a
    payment that waits for nothing, and for another reference, amount, currency, owner or account than are recorded.
    """
    if payment.state is not PaymentState.PENDING or told.ref != payment.provider_ref:
        return None
    if told.status is not ProviderStatus.SUCCEEDED or told.refunded_minor or told.dispute is not DisputeState.NONE:
        return None
    report = report_of(payment, told, account)
    return report if report.kind is ReportKind.SUCCEEDED and not report.refunded_minor else None


def _differs(payment: Payment, told: ProviderPayment, what: str) -> None:
    PAYMENT_CONTRADICTIONS.labels(what).inc()
    _log.error("provider_payment_differs", payment_id=payment.payment_id, ref=told.ref, what=what)


def _report_of_wrong_money(told: ProviderPayment) -> Report:
    """Called off while no money has moved. Once it was taken people must give it back, and that is its end."""
    match told.status:
        case ProviderStatus.OPEN | ProviderStatus.AUTHORISED:
            return Report(ReportKind.WRONG_MONEY, provider_ref=told.ref)
        case ProviderStatus.FAILED | ProviderStatus.CANCELLED:
            return Report(_KINDS[told.status], provider_ref=told.ref, reason=told.reason)
        case ProviderStatus.SUCCEEDED if told.refunded_minor >= told.amount_minor:
            return Report(ReportKind.FAILED, provider_ref=told.ref, reason="wrong_money")
        case ProviderStatus.SUCCEEDED:
            return UNCERTAIN
        case _:
            assert_never(told.status)


def report_of_creation(payment: Payment, outcome: Outcome[ProviderPayment]) -> Report:
    """A creation the provider declined will never take money."""
    match outcome:
        case Done(told):
            return report_of(payment, told)
        case Declined(code):
            return Report(ReportKind.FAILED, reason=code)
        case Uncertain():
            return UNCERTAIN


def report_of_fetch(payment: Payment, outcome: Outcome[ProviderPayment]) -> Report:
    """Among refusals only "not found" is an answer: a wrong key or a blocked account says nothing of the payment."""
    match outcome:
        case Done(told):
            return report_of(payment, told)
        case Declined(code) if code == NOT_FOUND:
            return MISSING
        case Declined() | Uncertain():
            return UNCERTAIN


def report_of_refund(outcome: Outcome[RefundReport]) -> RefundReport:
    """A declined refund has not happened and needs a new key to be tried again."""
    match outcome:
        case Done(report):
            return report
        case Declined():
            return RefundReport.FAILED
        case Uncertain():
            return RefundReport.UNCERTAIN
