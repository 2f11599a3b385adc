"""Vouchers and gift cards of a house: worth, balance, time, and every movement in a ledger. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from services.contracts.bounds import MAX_TOTAL_MINOR
from services.contracts.money import amount_text, refused_currency
from services.contracts.texts import refused_text
from services.contracts.voucher_refusals import (
    VoucherCurrencyDiffers,
    VoucherExpired,
    VoucherSpent,
    VoucherStopped,
    VoucherUnknown,
)
from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.payment import (
    Change,
    Payment,
    PaymentCancelled,
    PaymentFailed,
    PaymentState,
    PaymentSucceeded,
    apply,
)
from services.payments.domain.refund_changes import (
    RefundOwed,
    RefundSettled,
)
from services.payments.domain.refunds import VoucherShare
from services.payments.domain.refusals import PaymentNotCaptured, PaymentUnknown, RefundExceedsLeft
from services.runtime.errors import FieldInvalid, Kind, Refusal, refused_fields

MAX_AT_ONCE = 1_000
MAX_NOTE = 200


@dataclass(frozen=True, slots=True)
class Voucher:
    """Money of a house on a code. `balance_minor` can still be spent; what a payment has reserved is not in it.

    `valid_until_ms` None: without end. `refund_of`: the payment whose refund made it.
    """

    voucher_id: str
    house_id: str
    kind: InstrumentKind
    currency: str
    value_minor: int
    balance_minor: int
    tail: str
    created_at_ms: int
    valid_from_ms: int | None = None
    valid_until_ms: int | None = None
    is_stopped: bool = False
    note: str = ""
    refund_of: str = ""
    revision: int = 1

    def takes(self, now_ms: int) -> bool:
        """Whether money that comes back goes onto it: nobody can spend what is on a stopped or expired one."""
        return not self.is_stopped and not self.is_over(now_ms)

    def is_over(self, now_ms: int) -> bool:
        """Whether its time is over."""
        return self.valid_until_ms is not None and now_ms >= self.valid_until_ms


class EntryKind(Enum):
    """What moved a voucher's balance."""

    MADE = "MADE"
    RESERVED = "RESERVED"  # a payment takes it; nobody else can
    RELEASED = "RELEASED"  # the payment has ended without money
    TAKEN = "TAKEN"  # the payment has its money: what was reserved is spent
    RETURNED = "RETURNED"  # a refund has brought it back
    CORRECTED = "CORRECTED"  # by people of the house, with a reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger; the balance is the sum of all. One kind a payment and refund: told twice it counts once."""

    voucher_id: str
    kind: EntryKind
    amount_minor: int
    at_ms: int
    payment_id: str = ""
    key: str = ""
    reason: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class VoucherNotFound(Refusal):
    """There is no voucher {voucher_id}."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    voucher_id: str


@dataclass(frozen=True, slots=True)
class BalanceTooSmall(Refusal):
    """Voucher {voucher_id} has {left_minor} minor units left: {wanted_minor} cannot be taken from it."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    voucher_id: str
    left_minor: int
    wanted_minor: int


def refused_use(voucher: Voucher | None, place: str, currency: str, now_ms: int) -> Refusal | None:
    """Why nothing can be paid with what has the code in `place`, else None."""
    if voucher is None:
        return VoucherUnknown(place)
    if voucher.is_stopped:
        return VoucherStopped(place, voucher.tail)
    if voucher.is_over(now_ms) or now_ms < (voucher.valid_from_ms or 0):
        return VoucherExpired(place, voucher.tail, voucher.valid_from_ms or 0, voucher.valid_until_ms or 0)
    if voucher.currency != currency:
        return VoucherCurrencyDiffers(place, voucher.tail, voucher.currency, currency)
    if voucher.balance_minor <= 0:
        left = amount_text(voucher.balance_minor, currency)
        return VoucherSpent(place, voucher.tail, left, voucher.balance_minor)
    return None


def charges_of(vouchers: Sequence[Voucher], amount_minor: int) -> tuple[Charge, ...]:
    """What each pays, in the order given, at most its balance; what nothing is left for pays nothing."""
    charges: list[Charge] = []
    for voucher in vouchers:
        minor = min(voucher.balance_minor, amount_minor)
        if minor > 0:
            charges.append(Charge(voucher.kind, voucher.voucher_id, voucher.tail, minor))
            amount_minor -= minor
    return tuple(charges)


def refused_charge(voucher: Voucher | None, charge: Charge, currency: str, now_ms: int) -> Refusal | None:
    """Why a voucher cannot pay what was told it would, else None: another order may have been faster."""
    place = f"code ..{charge.tail}"
    refusal = refused_use(voucher, place, currency, now_ms)
    if refusal is not None or voucher is None:
        return refusal
    if voucher.balance_minor < charge.amount_minor:
        left = amount_text(voucher.balance_minor, currency)
        return VoucherSpent(place, voucher.tail, left, voucher.balance_minor)
    return None


def refused_exchange(exchanged: Payment | None, charge: Charge, currency: str) -> Refusal | None:
    """Why another payment cannot pay what was told it would, else None. Nothing is taken from it yet."""
    if exchanged is None:
        return PaymentUnknown(charge.voucher_id)
    if exchanged.state is not PaymentState.SUCCEEDED:
        return PaymentNotCaptured(exchanged.payment_id, exchanged.state.value)
    left_minor = sum(exchanged.charges_left_minor) - exchanged.moved_minor
    if exchanged.currency != currency or left_minor < charge.amount_minor:
        return RefundExceedsLeft(exchanged.payment_id, charge.amount_minor, left_minor, exchanged.currency)
    return None


def entries_of(payment: Payment, changes: Iterable[Change], now_ms: int) -> tuple[Entry, ...]:
    """What changes of a payment write into the ledger; nothing where no voucher pays and none gets anything."""
    entries: list[Entry] = []
    charges = vouchers_of(payment)
    other = payment.exchanged_from
    for change in changes:
        match change:
            case PaymentFailed() | PaymentCancelled():
                entries += (
                    Entry(one.voucher_id, EntryKind.RELEASED, one.amount_minor, now_ms, payment.payment_id)
                    for one in charges
                )
            case PaymentSucceeded(late=False):
                entries += (Entry(one.voucher_id, EntryKind.TAKEN, 0, now_ms, payment.payment_id) for one in charges)
            case RefundOwed(refund):
                entries += (
                    Entry(one.voucher_id, EntryKind.RETURNED, one.amount_minor, now_ms, payment.payment_id, refund.key)
                    for one in refund.shares
                    if not one.new_voucher_id and one.voucher_id != other
                )
            case _:
                pass
    return tuple(entries)


def vouchers_of(payment: Payment) -> tuple[Charge, ...]:
    """The vouchers and gift cards that pay part of it."""
    return tuple(one for one in payment.charges if one.instrument is not InstrumentKind.EXCHANGE)


def made_for(payment: Payment, changes: Iterable[Change], now_ms: int) -> tuple[tuple[Voucher, str], ...]:
    """The vouchers that refunds among `changes` make, each with its refund's key; the code comes with the row."""
    kinds = {charge.voucher_id: charge.instrument for charge in vouchers_of(payment)}
    return tuple(
        (
            Voucher(
                share.new_voucher_id,
                payment.house_id,
                kinds.get(share.voucher_id, InstrumentKind.VOUCHER),
                payment.currency,
                share.amount_minor,
                share.amount_minor,
                tail="",
                created_at_ms=now_ms,
                refund_of=payment.payment_id,
            ),
            key,
        )
        for key, share in _new_shares(payment, changes)
    )


def _new_shares(payment: Payment, changes: Iterable[Change]) -> Iterator[tuple[str, VoucherShare]]:
    for change in changes:
        if isinstance(change, RefundOwed):
            yield from ((change.refund.key, share) for share in change.refund.shares if share.new_voucher_id)
        if isinstance(change, RefundSettled) and change.voucher_id:
            refund = payment.refund_under(change.key)
            shares = refund.shares if refund else ()
            yield from ((change.key, share) for share in shares if share.new_voucher_id == change.voucher_id)


@dataclass(frozen=True, slots=True)
class VouchersWanted:
    """Vouchers to be made, all alike."""

    kind: InstrumentKind
    currency: str
    value_minor: int
    count: int = 1
    valid_from_ms: int | None = None
    valid_until_ms: int | None = None
    note: str = ""


def refused_vouchers(wanted: VouchersWanted, now_ms: int) -> FieldInvalid | None:
    """All that is wrong with what is to be made."""
    return refused_fields(
        (
            _refused_value(wanted.value_minor),
            refused_currency("value.currency", wanted.currency),
            _refused_count(wanted.count),
            _refused_time(wanted, now_ms),
            refused_note("note", wanted.note),
        )
    )


def _refused_value(value_minor: int) -> FieldInvalid | None:
    if 1 <= value_minor <= MAX_TOTAL_MINOR:
        return None
    return FieldInvalid("value.amount_minor", f"is {value_minor:,}", f"1 to {MAX_TOTAL_MINOR:,} minor units")


def _refused_count(count: int) -> FieldInvalid | None:
    return None if 1 <= count <= MAX_AT_ONCE else FieldInvalid("count", f"is {count:,}", f"1 to {MAX_AT_ONCE:,}")


def _refused_time(wanted: VouchersWanted, now_ms: int) -> FieldInvalid | None:
    if wanted.valid_until_ms is None:
        return None
    if wanted.valid_until_ms > max(now_ms, wanted.valid_from_ms or 0):
        return None
    return FieldInvalid("valid_until_at", "is over before anybody can pay with it", "after valid_from_at, and to come")


def refused_note(field: str, note: str) -> FieldInvalid | None:
    """A note is for the people of the house."""
    return refused_text(field, note, at_least=0, at_most=MAX_NOTE)


@dataclass(frozen=True, slots=True)
class Charged:
    """A new payment with its vouchers' part: what changed about it at once, and what goes into the ledger."""

    payment: Payment
    changes: tuple[Change, ...]
    entries: tuple[Entry, ...]


def charged(
    payment: Payment, vouchers: Mapping[str, Voucher], now_ms: int, exchanged: Payment | None = None
) -> Charged:
    """Takes what the charges say, all or nothing: what cannot pay its part ends the payment. `exchanged`: the payment
    of the order that is exchanged for this one's.
    """
    for charge in payment.charges:
        if charge.instrument is InstrumentKind.EXCHANGE:
            refusal = refused_exchange(exchanged, charge, payment.currency)
        else:
            refusal = refused_charge(vouchers.get(charge.voucher_id), charge, payment.currency, now_ms)
        if refusal is not None:
            failed = PaymentFailed(refusal.reason(), now_ms)
            ended = replace(apply(payment, failed), charges=(), next_attempt_at_ms=None)
            return Charged(ended, (failed,), ())
    charges = tuple(
        replace(charge, instrument=voucher.kind, tail=voucher.tail) if voucher else charge
        for charge in payment.charges
        for voucher in (vouchers.get(charge.voucher_id),)
    )
    payment = replace(payment, charges=charges)
    reserved = tuple(
        Entry(one.voucher_id, EntryKind.RESERVED, -one.amount_minor, now_ms, payment.payment_id)
        for one in vouchers_of(payment)
    )
    if payment.provider_minor > 0:
        return Charged(payment, (), reserved)
    success = PaymentSucceeded("", now_ms, late=False)
    paid = replace(apply(payment, success), next_attempt_at_ms=None)
    return Charged(paid, (success,), (*reserved, *entries_of(paid, (success,), now_ms)))
