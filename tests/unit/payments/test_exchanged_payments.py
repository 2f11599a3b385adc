"""A payment that pays another one: what it hears, what the card still has, and keys that mean one thing (R2.9)."""

from __future__ import annotations

from collections import Counter

from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.instrument_limits import Counted, counted
from services.payments.domain.payment import InstrumentLimit, Payment, PaymentState, apply
from services.payments.domain.refund_changes import RefundOwed
from services.payments.domain.refund_transitions import (
    back_at_provider,
    given_back_elsewhere,
    is_passed_on,
    refund_asked,
)
from services.payments.domain.refunds import RefundRoute, RefundWanted
from services.runtime.errors import IdempotencyKeyReused, Refusal
from tests.unit.payments.builders import NOW_MS, payment

CARD = Counted("h" * 64, "perf_1")


def old_payment(**changed: object) -> Payment:
    return payment(**{"state": PaymentState.SUCCEEDED, "provider_ref": "sbx_1"} | changed)


def new_payment(minor: int = 2_500) -> Payment:
    """Paid by the old one alone."""
    charges = (Charge(InstrumentKind.EXCHANGE, "pay_1", "", minor),)
    return payment(payment_id="pay_2", amount_minor=minor, charges=charges, state=PaymentState.SUCCEEDED)


def after(start: Payment, changes: tuple[object, ...] | Refusal) -> Payment:
    assert not isinstance(changes, Refusal), changes
    for change in changes:
        start = apply(start, change)  # type: ignore[arg-type]
    return start


def exchanged(minor: int, to: str = "pay_2", seats_back: tuple[tuple[str, int], ...] = ()) -> RefundWanted:
    return RefundWanted("move_1", minor, "EUR", RefundRoute.EXCHANGE, to_payment_id=to, seats_back=seats_back)


def moved(start: Payment, minor: int = 2_500, seats_back: tuple[tuple[str, int], ...] = ()) -> Payment:
    return after(start, refund_asked(start, exchanged(minor, seats_back=seats_back), NOW_MS))


def refunded(start: Payment) -> Payment:
    return after(start, refund_asked(start, RefundWanted("ref_1", None, "EUR"), NOW_MS))


def test_a_key_that_paid_one_payment_pays_no_other() -> None:
    start = moved(old_payment())
    assert refund_asked(start, exchanged(2_500), NOW_MS) == ()
    assert isinstance(refund_asked(start, exchanged(2_500, to="pay_3"), NOW_MS), IdempotencyKeyReused)


def test_what_was_never_moved_because_the_money_was_gone_is_not_waited_for() -> None:
    new = refunded(new_payment())
    assert not is_passed_on(old_payment(), new), "it may be moved yet"
    gone = after(old_payment(), back_at_provider(old_payment(), 2_500, NOW_MS))
    assert given_back_elsewhere(gone, new, NOW_MS, {}) == ()
    assert is_passed_on(gone, new)


def test_where_less_was_moved_than_is_given_back_the_rest_is_not_waited_for() -> None:
    """The house gave 10.00 back in its provider's console before the old lines had ended."""
    start = after(old_payment(), back_at_provider(old_payment(), 1_000, NOW_MS))
    start, new = moved(start, 1_500), refunded(new_payment())
    assert not is_passed_on(start, new)
    told = given_back_elsewhere(start, new, NOW_MS, {})
    assert [one.refund.amount_minor for one in told if isinstance(one, RefundOwed)] == [1_500]
    heard = after(start, told)
    assert is_passed_on(heard, new)
    assert given_back_elsewhere(heard, new, NOW_MS, {}) == ()


def test_a_voucher_that_takes_nothing_any_more_is_replaced_by_what_the_caller_names() -> None:
    start = old_payment(charges=(Charge(InstrumentKind.VOUCHER, "vch_1", "7QXW", 2_500),), provider_ref=None)
    told = given_back_elsewhere(moved(start), refunded(new_payment()), NOW_MS, {"vch_1": "vch_9"})
    (owed,) = (one.refund for one in told if isinstance(one, RefundOwed))
    assert [share.goes_to for share in owed.shares] == ["vch_9"]


def test_what_is_exchanged_stays_paid_for_by_its_card_until_its_money_is_back() -> None:
    start = old_payment(limits=(InstrumentLimit("perf_1", 2, 4),), instrument=CARD.instrument)
    assert counted(start) == Counter({CARD: 2})
    paid = moved(start)
    assert counted(paid) == Counter({CARD: 2}), "for others of the same evening, and no money has gone back"
    assert counted(moved(start, seats_back=(("perf_1", 2),))) == Counter(), "for another evening"
    owed = after(paid, given_back_elsewhere(paid, refunded(new_payment()), NOW_MS, {}))
    assert counted(owed) == Counter({CARD: 2})
    assert counted(after(owed, back_at_provider(owed, 2_500, NOW_MS))) == Counter()
