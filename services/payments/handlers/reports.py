"""Turns what a provider answered into the domain's reports, and doubts what does not fit our record."""

from __future__ import annotations

from services.payments.domain.payment import Payment
from services.payments.domain.transitions import RefundReport, Report, ReportKind
from services.payments.ports import NOT_FOUND, Declined, Done, Outcome, ProviderPayment, ProviderStatus, Uncertain
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import PAYMENT_CONTRADICTIONS

_log = get_logger("payments")

_KINDS = {
    ProviderStatus.OPEN: ReportKind.OPEN,
    ProviderStatus.AUTHORISED: ReportKind.OPEN,
    ProviderStatus.SUCCEEDED: ReportKind.SUCCEEDED,
    ProviderStatus.FAILED: ReportKind.FAILED,
    ProviderStatus.CANCELLED: ReportKind.CANCELLED,
}

UNCERTAIN = Report(ReportKind.UNCERTAIN)
MISSING = Report(ReportKind.MISSING)


def report_of(payment: Payment, told: ProviderPayment, account: str = "") -> Report:
    """What the provider's payment says about ours. Another amount, currency or owner than recorded proves nothing.

    `account`: at which it was told of, where that is not the payment's own by the way it was asked.
    """
    if account not in ("", payment.account):
        PAYMENT_CONTRADICTIONS.labels("account").inc()
        _log.error("provider_payment_at_another_account", payment_id=payment.payment_id, ref=told.ref)
        return UNCERTAIN
    same_money = (told.amount_minor, told.currency) == (payment.amount_minor, payment.currency)
    same_owner = (told.house_id, told.payment_id) == (payment.house_id, payment.payment_id)
    if not same_money or not same_owner:
        PAYMENT_CONTRADICTIONS.labels("money" if same_owner else "owner").inc()
        _log.error("provider_payment_differs", payment_id=payment.payment_id, ref=told.ref, same_owner=same_owner)
        return UNCERTAIN
    return Report(
        _KINDS[told.status],
        provider_ref=told.ref,
        pay_url=told.pay_url,
        reason=told.reason,
        refunded_minor=told.refunded_minor,
        dispute=told.dispute,
        disputed_minor=told.disputed_minor,
    )


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
