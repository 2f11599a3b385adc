"""The payments service's no's, and the limits of what callers may ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from services.contracts.bounds import MAX_TOTAL_MINOR, MAX_VOUCHER_CODES
from services.contracts.money import refused_currency
from services.contracts.payment_refusals import refused_method
from services.contracts.texts import refused_idempotency_key, refused_url
from services.payments.domain.payment import InstrumentLimit
from services.payments.domain.refunds import RefundWanted
from services.runtime.errors import UNSET, FieldInvalid, Kind, Refusal, refused_fields
from services.runtime.ids import refused_key

MAX_ORDER_PARTS = 20
MAX_SEATS = 1_000
MAX_LIFE_MS = 31 * 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class PaymentUnknown(Refusal):
    """There is no payment {payment_id}."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    payment_id: str


@dataclass(frozen=True, slots=True)
class PaymentNotCaptured(Refusal):
    """Payment {payment_id} is {state}: only captured money can be refunded."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    payment_id: str
    state: str


@dataclass(frozen=True, slots=True)
class RefundExceedsLeft(Refusal):
    """{asked_minor} of {currency} (minor units) cannot go back of payment {payment_id}: {left_minor} is left of it."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    payment_id: str
    asked_minor: int
    left_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundNotStuck(Refusal):
    """Refund {key} of payment {payment_id} is {state}: people see to those that are stuck."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    payment_id: str
    key: str
    state: str


@dataclass(frozen=True, slots=True)
class InstrumentWanted:
    """What a voucher is to pay, as the buyer was told; or another payment, whose order is exchanged."""

    voucher_id: str
    amount_minor: int
    currency: str
    payment_id: str = ""

    @property
    def source_id(self) -> str:
        """What pays."""
        return self.voucher_id or self.payment_id


@dataclass(frozen=True, slots=True)
class PaymentWanted:
    """What CreatePayment was asked for, not yet checked."""

    idempotency_key: str
    house_id: str
    order_id: str
    performance_id: str
    amount_minor: int
    currency: str
    return_url: str
    expires_at_ms: int
    instruments: tuple[InstrumentWanted, ...] = ()
    provider_account_id: str = ""
    method: str = ""
    limits: tuple[InstrumentLimit, ...] = ()

    @property
    def provider_minor(self) -> int:
        """What vouchers leave for a provider."""
        return self.amount_minor - sum(one.amount_minor for one in self.instruments)


def refused_wanted(wanted: PaymentWanted) -> FieldInvalid | None:
    """All that can never be right, whatever the time is."""
    return refused_fields(
        (
            refused_key("house_id", wanted.house_id),
            refused_key("order_id", wanted.order_id),
            refused_key("performance_id", wanted.performance_id),
            refused_idempotency_key(wanted.idempotency_key),
            refused_total("amount.amount_minor", wanted.amount_minor),
            refused_currency("amount.currency", wanted.currency),
            refused_url("return_url", wanted.return_url) if wanted.return_url or wanted.provider_minor > 0 else None,
            *_refused_instruments(wanted),
            refused_key("provider_account_id", wanted.provider_account_id) if wanted.provider_account_id else None,
            refused_method("method", wanted.method),
            *_refused_limits(wanted.limits),
            _refused_unset_end(wanted),
        )
    )


def refused_total(field: str, amount_minor: int) -> FieldInvalid | None:
    """The refusal for what nobody can be asked to pay, else None."""
    limit = f"1 to {MAX_TOTAL_MINOR:,} minor units"
    if amount_minor < 1:
        return FieldInvalid(field, "must be positive: what costs nothing needs no payment", limit)
    return FieldInvalid(field, "is too large", limit) if amount_minor > MAX_TOTAL_MINOR else None


def _refused_limits(limits: tuple[InstrumentLimit, ...]) -> Iterator[FieldInvalid | None]:
    if len(limits) > MAX_ORDER_PARTS:
        yield FieldInvalid("limits", f"has {len(limits)}", f"at most {MAX_ORDER_PARTS}")
    for place, one in enumerate(limits[:MAX_ORDER_PARTS]):
        yield refused_key(f"limits[{place}].performance_id", one.performance_id)
        for name, number in (("count", one.seats), ("most", one.most)):
            if not 1 <= number <= MAX_SEATS:
                yield FieldInvalid(f"limits[{place}].{name}", f"is {number}", f"1 to {MAX_SEATS}")


def _refused_unset_end(wanted: PaymentWanted) -> FieldInvalid | None:
    if wanted.expires_at_ms <= 0:
        return FieldInvalid("expires_at_ms", UNSET, "unix milliseconds, at most 31 days ahead")
    return None


def refused_end(wanted: PaymentWanted, now_ms: int) -> FieldInvalid | None:
    """The refusal for a new payment that would end in the past or too far ahead. No end at all: see refused_wanted."""
    if wanted.expires_at_ms <= 0 or now_ms < wanted.expires_at_ms <= now_ms + MAX_LIFE_MS:
        return None
    return FieldInvalid("expires_at_ms", "must be in the future", "at most 31 days ahead")


def refused_refund(wanted: RefundWanted) -> FieldInvalid | None:
    """All that can never be right about a refund, whatever has been paid."""
    amount = _refused_refund_amount(wanted.amount_minor)
    currency = None if wanted.amount_minor is None else refused_currency("amount.currency", wanted.currency)
    return refused_fields((refused_idempotency_key(wanted.key), amount, currency))


def _refused_refund_amount(amount_minor: int | None) -> FieldInvalid | None:
    limit = f"1 to {MAX_TOTAL_MINOR:,} minor units; unset: all that is left"
    if amount_minor is None or 1 <= amount_minor <= MAX_TOTAL_MINOR:
        return None
    problem = "must be positive" if amount_minor < 1 else "is too large"
    return FieldInvalid("amount.amount_minor", problem, limit)


def _refused_instruments(wanted: PaymentWanted) -> Iterator[FieldInvalid | None]:
    """Each voucher once, each with something, none with more than is to be paid."""
    exchanges = sum(bool(one.payment_id) for one in wanted.instruments)
    if exchanges > 1:
        yield FieldInvalid("instruments", f"has {exchanges} payments", "at most one, of the order that is exchanged")
    if len(wanted.instruments) - exchanges > MAX_VOUCHER_CODES:
        yield FieldInvalid("instruments", f"has {len(wanted.instruments)}", f"at most {MAX_VOUCHER_CODES}")
    if len({one.source_id for one in wanted.instruments}) < len(wanted.instruments):
        yield FieldInvalid("instruments", "names a voucher twice", "each once")
    if wanted.provider_minor < 0 < wanted.amount_minor:
        yield FieldInvalid("instruments", "come to more than the amount", "at most the amount")
    for place, one in enumerate(wanted.instruments[: MAX_VOUCHER_CODES + 1]):
        named = "payment_id" if one.payment_id else "voucher_id"
        yield refused_key(f"instruments[{place}].{named}", getattr(one, named))
        if one.amount_minor < 1:
            yield FieldInvalid(f"instruments[{place}].amount.amount_minor", "must be positive", "1 minor unit or more")
        currency = f"instruments[{place}].amount.currency"
        yield refused_currency(currency, one.currency)
        if one.currency and one.currency != wanted.currency and refused_currency(currency, wanted.currency) is None:
            yield FieldInvalid(currency, "is not the payment's", wanted.currency)
