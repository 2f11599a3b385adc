"""What Mollie's answers say, in our words. ValueError at what makes no sense, OtherAccount at what is not ours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

import msgspec
from mollie import models

from services.contracts.money import minor_digits
from services.payments.adapters.instruments import instrument_of
from services.payments.adapters.provider_calls import NOT_NOW
from services.payments.domain.payment import DisputeState
from services.payments.domain.payment_methods import PaymentMethod
from services.payments.domain.refunds import RefundReport
from services.payments.ports import (
    KEY_REFUSED,
    NOT_FOUND,
    Declined,
    ProviderPayment,
    ProviderStatus,
    Uncertain,
)

# What can be captured by the shop; with any other method the money comes at once.
AUTHORISED_FIRST: Final = frozenset({"creditcard", "applepay", "googlepay", "klarna", "billie", "riverty"})
_LOCALES: Final = {
    "en": models.Locale.EN_US,
    "nl": models.Locale.NL_NL,
    "de": models.Locale.DE_DE,
    "nb": models.Locale.NB_NO,
}
_STATUSES: Final = {
    "open": ProviderStatus.OPEN,
    "pending": ProviderStatus.OPEN,
    "authorized": ProviderStatus.AUTHORISED,
    "paid": ProviderStatus.SUCCEEDED,
    "failed": ProviderStatus.FAILED,
    "expired": ProviderStatus.FAILED,
    "canceled": ProviderStatus.CANCELLED,
}
# Until its money has left, a refund can be cancelled there, or fail. One that is queued waits for the house's balance.
_REFUNDS: Final = {
    "queued": RefundReport.PENDING,
    "pending": RefundReport.ACCEPTED,
    "processing": RefundReport.ACCEPTED,
    "refunded": RefundReport.SUCCEEDED,
    "failed": RefundReport.FAILED,
    "canceled": RefundReport.FAILED,
}
_VALUE: Final = re.compile(r"[0-9]{1,13}(?:\.([0-9]+))?")
_UNAUTHENTICATED: Final = 401
_MISSING: Final = frozenset({404, 410})
_REFUSALS: Final = range(400, 500)


class OtherAccount(Exception):
    """Mollie told of another profile's payment, or of the other mode's: nothing is learned from it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The profile and the mode that everything must be of."""

    profile: str
    is_test: bool
    instrument_key: bytes = field(default=b"", repr=False)


class _Problem(msgspec.Struct, frozen=True):
    """The one shape of Mollie's refusals; without it a refusal may be a proxy's in between."""

    status: int
    title: str
    detail: str
    field: str = ""


def payment_told(payment: models.PaymentResponse | models.ListPaymentResponse, owner: Owner) -> ProviderPayment:
    """Its refunds counted as soon as they are asked for. ValueError, OtherAccount."""
    mode = word(payment.mode)
    if payment.profile_id != owner.profile or mode != ("test" if owner.is_test else "live"):
        raise OtherAccount("other_account")
    currency = payment.amount.currency
    status = _STATUSES[word(payment.status)]
    metadata = payment.metadata if isinstance(payment.metadata, dict) else {}
    lost_minor = _minor_of(payment.amount_charged_back, currency)
    is_open = status is ProviderStatus.OPEN
    checkout = payment.links.checkout.href if is_open and payment.links.checkout else ""
    return ProviderPayment(
        ref=payment.id,
        house_id=str(metadata.get("house_id", "")),
        payment_id=str(metadata.get("payment_id", "")),
        status=status,
        amount_minor=minor_of(payment.amount.value, currency),
        currency=currency,
        refunded_minor=_minor_of(payment.amount_refunded, currency),
        pay_url=checkout or "",
        reason=_reason(payment),
        # Mollie takes the money back at once: there is nothing left to decide.
        dispute=DisputeState.LOST if lost_minor else DisputeState.NONE,
        disputed_minor=lost_minor,
        instrument=instrument_of(owner.instrument_key, str(metadata.get("house_id", "")), _card_of(payment)),
    )


def _card_of(payment: models.PaymentResponse | models.ListPaymentResponse) -> str | None:
    """Mollie's fingerprint of the card; other methods have none."""
    told = getattr(payment.details, "card_fingerprint", None) if payment.details else None
    return told if isinstance(told, str) else None


def locale_of(language: str) -> models.Locale:
    """As Mollie names the languages that Balcon speaks."""
    return _LOCALES.get(language, models.Locale.EN_US)


def methods_told(told: models.ListMethodsResponse, currency: str) -> list[PaymentMethod]:
    """What is told of another currency limits nothing. ValueError for an amount that makes no sense."""
    return [
        PaymentMethod(
            word(one.id),
            one.description,
            _limit_of(one.minimum_amount, currency),
            _limit_of(one.maximum_amount, currency),
        )
        for one in told.embedded.methods or []
    ]


def _limit_of(amount: object, currency: str) -> int:
    return _minor_of(amount, currency) if getattr(amount, "currency", None) == currency else 0


def with_refunded(told: ProviderPayment, back_minor: int) -> ProviderPayment:
    """The payment with what has left of its refunds."""
    return replace(told, refunded_minor=back_minor)


def _reason(payment: models.PaymentResponse | models.ListPaymentResponse) -> str:
    status = word(payment.status)
    if status not in {"failed", "expired"}:
        return ""
    details = payment.details
    cause = getattr(details, "failure_reason", None) if details else None
    return word(cause) if isinstance(cause, str) and cause else f"payment_{status}"


def refund_report(status: str) -> RefundReport:
    """How one refund stands; KeyError is an answer that makes no sense."""
    return _REFUNDS[status]


def word(told: object) -> str:
    """The library has enumerations for what it knows and text for what is newer."""
    return str(getattr(told, "value", told))


def _minor_of(amount: object, currency: str) -> int:
    """Of an amount that may be absent."""
    value, own = getattr(amount, "value", None), getattr(amount, "currency", currency)
    if value is None:
        return 0
    if own != currency:
        message = "other_currency"
        raise ValueError(message)
    return minor_of(value, currency)


def minor_of(value: str, currency: str) -> int:
    """10.00 with EUR is 1000, 1000 with JPY too; ValueError with other decimals than the currency's."""
    digits, found = minor_digits(currency), _VALUE.fullmatch(value)
    if digits is None or found is None or len(found[1] or "") != digits:
        message = "amount_unreadable"
        raise ValueError(message)
    return int(Decimal(value).scaleb(digits))


def value_of(amount_minor: int, currency: str) -> str:
    """The amount as Mollie wants it: with as many decimals as the currency has."""
    digits = minor_digits(currency) or 0
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f}"


def declined_or_uncertain(error: models.ClientError) -> Declined | Uncertain:
    """What an answer of 4xx or 5xx comes to."""
    status = error.status_code
    if status not in _REFUSALS or status in NOT_NOW:
        return Uncertain(f"status_{status}", retry_after_ms=_retry_after_ms(error.headers.get("retry-after", "")))
    try:
        problem = msgspec.json.decode(error.body, type=_Problem)
    except msgspec.MsgspecError:
        return Uncertain(f"status_{status}")
    if problem.status != status:
        return Uncertain(f"status_{status}")
    if status == _UNAUTHENTICATED:
        return Declined(KEY_REFUSED)
    if status in _MISSING:
        return Declined(NOT_FOUND)
    field = re.sub(r"[^0-9A-Za-z_.]", "_", problem.field)[:60]
    return Declined(f"refused_{status}" + (f"_{field}" if field else ""))


def _retry_after_ms(header: str) -> int:
    """Seconds only: a date would need their clock."""
    return int(header) * 1000 if header.isascii() and header.isdigit() and len(header) < len("10000") else 0
