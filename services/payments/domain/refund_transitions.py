"""What a request for a refund, and what is heard of money that goes back, do to a payment. Never more than is left.

A provider tells sums. What its sum grows by first pays what we owe there, the refund that was asked for before others;
only what is more than that went back without us (R5.9). So nothing that we owe is ever paid twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from services.payments.domain.charges import shared_back
from services.payments.domain.payment import (
    Change,
    Payment,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentState,
    apply,
)
from services.payments.domain.refund_changes import (
    RefundAccepted,
    RefundAskedAgain,
    RefundAttemptFailed,
    RefundGiven,
    RefundMovedBack,
    RefundOwed,
    RefundSeenTo,
    RefundSettled,
    RefundStuck,
    RefundSucceeded,
)
from services.payments.domain.refunds import Refund, RefundReport, RefundRoute, RefundState, RefundWanted, VoucherShare
from services.payments.domain.refusals import PaymentNotCaptured, RefundExceedsLeft, RefundNotStuck
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal
from services.runtime.principal import PrincipalRef

# After so many refusals of one refund people are called: what is refused so often will be refused again.
MAX_REFUND_REFUSALS = 10


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What the provider said to a request for `asked_minor` of the refund under that key and attempt."""

    key: str
    attempt: int
    asked_minor: int
    report: RefundReport
    refused_for: str = ""


def refund_asked(payment: Payment, wanted: RefundWanted, now_ms: int) -> tuple[Change, ...] | Refusal:
    """The changes that a request makes; none where it is known, or where all that is left is owed or back already."""
    known = payment.refund_under(wanted.key)
    if known is not None:
        same = wanted.amount_minor is None if known.is_whole else wanted.amount_minor == known.amount_minor
        same = same and (wanted.route, wanted.to_payment_id) == (known.route, known.moved_to)
        return () if same else IdempotencyKeyReused("idempotency_key", wanted.key)
    if payment.state is not PaymentState.SUCCEEDED:
        return PaymentNotCaptured(payment.payment_id, payment.state.value)
    if wanted.amount_minor is not None and wanted.currency != payment.currency:
        return FieldInvalid("amount.currency", f"must be {payment.currency}, as it was paid", "the payment's currency")
    # What pays another payment is not said of which instrument it is: it is there, and not to be had twice.
    left_minor = sum(payment.charges_left_minor) - payment.moved_minor
    if wanted.amount_minor is None and left_minor == 0:
        return tuple(
            RefundAskedAgain(refund.key, wanted.key) for refund in payment.refunds if refund.state is RefundState.STUCK
        )[:1]
    if wanted.amount_minor is not None and wanted.amount_minor > left_minor:
        return RefundExceedsLeft(payment.payment_id, wanted.amount_minor, left_minor, payment.currency)
    return _owed(payment, wanted, left_minor if wanted.amount_minor is None else wanted.amount_minor, now_ms)


def _owed(payment: Payment, wanted: RefundWanted, amount_minor: int, now_ms: int) -> tuple[Change, ...]:
    if wanted.route is RefundRoute.EXCHANGE:
        is_whole = wanted.amount_minor is None
        moved = Refund(wanted.key, amount_minor, 0, now_ms, is_whole=is_whole, route=wanted.route)
        moved = replace(moved, moved_to=wanted.to_payment_id, moved_minor=amount_minor, seats_back=wanted.seats_back)
        owed = RefundOwed(moved)
        return (owed, *_consequences(payment, (owed,), now_ms))
    *of_vouchers, provider_minor = shared_back(amount_minor, payment.charges_left_minor)
    shares = [
        VoucherShare(charge.voucher_id, minor, wanted.new_vouchers.get(charge.voucher_id, ""))
        for charge, minor in zip(payment.charges, of_vouchers, strict=True)
        if minor
    ]
    if wanted.route is RefundRoute.VOUCHER and provider_minor:
        shares.append(VoucherShare("", provider_minor, wanted.new_vouchers[""]))
    passed_on = 0 if wanted.nothing_taken or wanted.route is RefundRoute.VOUCHER else _of_exchange(payment, shares)
    refund = Refund(
        wanted.key,
        amount_minor,
        provider_minor,
        now_ms,
        is_whole=wanted.amount_minor is None,
        route=wanted.route,
        shares=tuple(shares),
        passes_on_minor=passed_on,
        seats_back=wanted.seats_back,
    )
    owed = RefundOwed(refund)
    return (owed, *_consequences(payment, (owed,), now_ms))


def _of_exchange(payment: Payment, shares: Iterable[VoucherShare]) -> int:
    return sum(share.amount_minor for share in shares if share.voucher_id == payment.exchanged_from)


def given_back_elsewhere(
    payment: Payment, other: Payment, now_ms: int, new_vouchers: Mapping[str, str]
) -> tuple[Change, ...]:
    """What the payment owes the buyer because `other`, that it has paid part of, gave so much of that back.

    Told as a sum, so it may be told again. What went back here without us meanwhile is not given twice.
    `new_vouchers`: as RefundWanted has them.
    """
    told_minor = sum(refund.passes_on_minor for refund in other.refunds)
    moved = next((one for one in payment.refunds if one.moved_to == other.payment_id), None)
    news_minor = 0 if moved is None else min(told_minor - moved.moved_back_minor, moved.moved_minor)
    if moved is None or news_minor <= 0:
        return ()
    back = RefundMovedBack(moved.key, news_minor)
    after = apply(payment, back)
    amount_minor = min(news_minor, sum(after.charges_left_minor) - after.moved_minor)
    if amount_minor <= 0:
        return (back,)
    key = f"exchange:{other.payment_id}:{told_minor}"
    wanted = RefundWanted(key, amount_minor, payment.currency, new_vouchers=new_vouchers)
    return (back, *_owed(after, wanted, amount_minor, now_ms))


def is_passed_on(payment: Payment, other: Payment) -> bool:
    """Whether the payment has heard all that `other` gave back of it, or has nothing of it that could go back.

    What it was to move may have gone back without us before, all of it or a part: then less was moved, or nothing is.
    """
    moved = next((one for one in payment.refunds if one.moved_to == other.payment_id), None)
    if moved is None:
        return sum(payment.charges_left_minor) <= payment.moved_minor
    told_minor = sum(refund.passes_on_minor for refund in other.refunds)
    return not moved.moved_minor or told_minor <= moved.moved_back_minor


def back_at_provider(payment: Payment, told_minor: int, now_ms: int) -> tuple[Change, ...]:
    """What a provider's sum of money that went back there adds to what was known. An older sum adds nothing."""
    instead_minor = sum(refund.as_voucher_minor + refund.by_hand_minor for refund in payment.refunds)
    news_minor = min(told_minor, payment.provider_minor - instead_minor) - payment.provider_back_minor
    # What pays another payment counts as gone: with what goes back of that here, it is not more than there was.
    news_minor = min(news_minor, payment.left_minor)
    if news_minor <= 0:
        return ()
    given: list[Change] = []
    for refund in _in_order_of_payment(payment):
        minor = min(news_minor, refund.left_minor)
        if minor:
            given.append(RefundGiven(refund.key, minor))
        news_minor -= minor
    return (*given, *_consequences(payment, given, now_ms, elsewhere_minor=news_minor))


def _in_order_of_payment(payment: Payment) -> Iterable[Refund]:
    """The one that the provider is being asked for, then those that people see to, then those that wait."""
    asked = payment.due_refund
    stuck = [refund for refund in payment.refunds if refund.state is RefundState.STUCK]
    waiting = [refund for refund in payment.refunds if refund.state is RefundState.DUE and refund is not asked]
    return [*([asked] if asked else []), *stuck, *waiting]


def _consequences(
    payment: Payment, changes: Iterable[Change], now_ms: int, elsewhere_minor: int = 0
) -> tuple[Change, ...]:
    """After money moved: which refunds are done by that, and how much is back in all."""
    after = payment
    for change in changes:
        after = apply(after, change)
    back_minor = after.refunded_minor + elsewhere_minor
    whole = back_minor == payment.amount_minor
    done = [RefundSucceeded(one.key, now_ms) for one in after.refunds if one.is_open and (whole or not one.left_minor)]
    if back_minor == payment.refunded_minor:
        return tuple(done)
    return (*done, PaymentRefunded(now_ms) if whole else PaymentPartlyRefunded(back_minor, now_ms))


def refund_answered(payment: Payment, answer: RefundAnswer, now_ms: int) -> tuple[Change, ...] | None:
    """What the provider's answer changes; None: the refund is done by now, the answer is old.

    Due until the provider says done; refused for good, it is stuck and waits for people, never dropped.
    """
    refund = payment.refund_under(answer.key)
    if refund is None or not refund.is_open:
        return None
    is_asked_for = answer.attempt == refund.attempt and refund.state is RefundState.DUE
    match answer.report:
        case RefundReport.SUCCEEDED:
            given = RefundGiven(refund.key, min(answer.asked_minor, refund.left_minor))
            return (given, *_consequences(payment, (given,), now_ms))
        case RefundReport.FAILED if is_asked_for:
            failed = RefundAttemptFailed(refund.key, answer.attempt, answer.refused_for)
            is_last = refund.refusals + 1 >= MAX_REFUND_REFUSALS
            return (failed, RefundStuck(refund.key, now_ms)) if is_last else (failed,)
        case RefundReport.ACCEPTED if is_asked_for and refund.accepted_at_ms is None:
            return (RefundAccepted(refund.key, now_ms),)
        case RefundReport.FAILED | RefundReport.ACCEPTED | RefundReport.PENDING | RefundReport.UNCERTAIN:
            return ()
        case _:
            assert_never(answer.report)


class Settlement(Enum):
    """What people of the house do with a refund that is stuck."""

    BY_HAND = "BY_HAND"
    VOUCHER = "VOUCHER"
    ASK_AGAIN = "ASK_AGAIN"


@dataclass(frozen=True, slots=True)
class SettlementWanted:
    """What was done about the refund under that key. `voucher_id`: minted, for a voucher."""

    key: str
    settlement: Settlement
    note: str
    reference: str = ""
    voucher_id: str = ""
    who: PrincipalRef | None = None


def settled_by_people(payment: Payment, wanted: SettlementWanted, now_ms: int) -> tuple[Change, ...] | Refusal:
    """The changes that it makes; none where the refund is done by now, whoever did it."""
    refund = payment.refund_under(wanted.key)
    if refund is None:
        return RefundNotStuck(payment.payment_id, wanted.key, RefundState.NONE.value)
    if refund.state is RefundState.SUCCEEDED:
        return ()
    if refund.state is not RefundState.STUCK:
        return RefundNotStuck(payment.payment_id, wanted.key, refund.state.value)
    act = RefundSeenTo(refund.key, wanted.settlement.value, wanted.note, wanted.who)
    if wanted.settlement is Settlement.ASK_AGAIN:
        return (act, RefundAskedAgain(refund.key, ""))
    voucher_id = wanted.voucher_id if wanted.settlement is Settlement.VOUCHER else ""
    settled = RefundSettled(refund.key, wanted.note, wanted.reference, voucher_id)
    return (act, settled, *_consequences(payment, (settled,), now_ms))
