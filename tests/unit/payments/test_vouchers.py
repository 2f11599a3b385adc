"""Vouchers by themselves: codes that find slips, who may pay with what, and what a payment takes (R5.8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.voucher_refusals import (
    VoucherCurrencyDiffers,
    VoucherExpired,
    VoucherSpent,
    VoucherStopped,
    VoucherUnknown,
)
from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.payment import PaymentFailed, PaymentState, PaymentSucceeded, apply
from services.payments.domain.refunds import RefundState
from services.payments.domain.transitions import Report, ReportKind, decide
from services.payments.domain.voucher import (
    EntryKind,
    Voucher,
    charged,
    charges_of,
    entries_of,
    refused_use,
)
from services.payments.domain.voucher_code import ALPHABET, LENGTH, code_of, hash_of, read_code, shown
from services.runtime.errors import Refusal
from tests.unit.payments.builders import NOW_MS, payment

SECRETS = st.text(min_size=1, max_size=40)


def voucher(number: int = 1, **changed: object) -> Voucher:
    fields: dict[str, object] = {
        "voucher_id": f"vch_{number}",
        "house_id": "house_1",
        "kind": InstrumentKind.VOUCHER,
        "currency": "EUR",
        "value_minor": 1_000,
        "balance_minor": 1_000,
        "tail": "7QXW",
        "created_at_ms": NOW_MS,
    }
    return Voucher(**fields | changed)  # type: ignore[arg-type]


@given(SECRETS)
def test_a_code_is_read_however_people_write_it(secret: str) -> None:
    code = code_of(secret)
    assert len(code) == LENGTH
    assert read_code(shown(code)) == code
    assert read_code(f" {shown(code).lower()} ") == code
    assert read_code(code.replace("0", "o").replace("1", "l")) == code


@given(SECRETS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_found(secret: str, place: int, letter: str) -> None:
    code = code_of(secret)
    wrong = code[:place] + letter + code[place + 1 :]
    assert (read_code(wrong) is None) == (wrong != code)


@pytest.mark.parametrize("typed", ["", "A", "A" * 15, "A" * 17, "\u0130" * 16, "-" * 10_000, "\0" * 16])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_the_same_code_is_another_in_another_house() -> None:
    assert hash_of("house_1", "A" * 16) != hash_of("house_2", "A" * 16)


@pytest.mark.parametrize(
    ("there", "refusal"),
    [
        (None, VoucherUnknown),
        (voucher(is_stopped=True), VoucherStopped),
        (voucher(valid_until_ms=NOW_MS), VoucherExpired),
        (voucher(valid_from_ms=NOW_MS + 1), VoucherExpired),
        (voucher(currency="NOK"), VoucherCurrencyDiffers),
        (voucher(balance_minor=0), VoucherSpent),
        (voucher(valid_from_ms=NOW_MS, valid_until_ms=NOW_MS + 1), None),
    ],
)
def test_who_may_pay_with_what(there: Voucher | None, refusal: type[Refusal] | None) -> None:
    found = refused_use(there, "codes[0]", "EUR", NOW_MS)
    assert (None if found is None else type(found)) is refusal
    assert found is None or "codes[0]" in found.message()


@given(st.lists(st.integers(0, 3_000), max_size=5), st.integers(1, 6_000))
def test_r5_8_vouchers_are_taken_in_the_order_given_each_at_most_its_balance(balances: list[int], amount: int) -> None:
    given_vouchers = [voucher(number, balance_minor=minor) for number, minor in enumerate(balances)]
    charges = charges_of(given_vouchers, amount)
    by_id = {one.voucher_id: one.balance_minor for one in given_vouchers}
    assert sum(one.amount_minor for one in charges) == min(amount, sum(balances))
    assert all(0 < one.amount_minor <= by_id[one.voucher_id] for one in charges)
    ids = [one.voucher_id for one in charges]
    assert ids == sorted(ids)
    assert all(one.amount_minor == by_id[one.voucher_id] for one in charges[:-1])


def _wants(*charges: tuple[str, int]) -> tuple[Charge, ...]:
    return tuple(Charge(InstrumentKind.VOUCHER, name, "", minor) for name, minor in charges)


def test_a_payment_with_a_rest_reserves_and_asks_a_provider_for_it() -> None:
    outcome = charged(payment(charges=_wants(("vch_1", 1_000))), {"vch_1": voucher()}, NOW_MS)
    assert (outcome.payment.state, outcome.payment.provider_minor) == (PaymentState.CREATING, 1_500)
    assert [(entry.kind, entry.amount_minor) for entry in outcome.entries] == [(EntryKind.RESERVED, -1_000)]


def test_nothing_left_no_provider_the_payment_succeeds_at_once() -> None:
    rich = voucher(balance_minor=2_500, kind=InstrumentKind.GIFT_CARD)
    outcome = charged(payment(charges=_wants(("vch_1", 2_500))), {"vch_1": rich}, NOW_MS)
    assert (outcome.payment.state, outcome.payment.next_attempt_at_ms) == (PaymentState.SUCCEEDED, None)
    assert outcome.payment.charges[0].instrument is InstrumentKind.GIFT_CARD
    assert [entry.kind for entry in outcome.entries] == [EntryKind.RESERVED, EntryKind.TAKEN]


@pytest.mark.parametrize(
    "there", [{}, {"vch_1": voucher(balance_minor=999)}, {"vch_1": voucher(valid_until_ms=NOW_MS)}]
)
def test_a_voucher_that_cannot_pay_its_part_ends_the_payment_and_takes_nothing(there: dict[str, Voucher]) -> None:
    outcome = charged(payment(charges=_wants(("vch_1", 1_000))), there, NOW_MS)
    assert (outcome.payment.state, outcome.entries, outcome.payment.charges) == (PaymentState.FAILED, (), ())
    assert outcome.payment.reason.startswith("VOUCHER_")


def test_what_was_reserved_is_given_back_when_no_money_came_for_certain_and_not_before() -> None:
    subject = payment(charges=_wants(("vch_1", 1_000)), state=PaymentState.PENDING, provider_ref="sbx_1")
    uncertain = decide(subject, Report(ReportKind.UNCERTAIN), NOW_MS)
    assert entries_of(subject, uncertain.changes, NOW_MS) == ()
    failed = decide(subject, Report(ReportKind.FAILED), NOW_MS)
    assert [(one.kind, one.amount_minor) for one in entries_of(subject, failed.changes, NOW_MS)] == [
        (EntryKind.RELEASED, 1_000)
    ]


def test_money_that_comes_after_the_vouchers_were_given_back_goes_back_too() -> None:
    """The vouchers may be spent by then: what came alone is not what is to be paid."""
    ended = payment(charges=_wants(("vch_1", 1_000)), state=PaymentState.FAILED, provider_ref="sbx_1")
    decision = decide(ended, Report(ReportKind.SUCCEEDED, "sbx_1"), NOW_MS)
    after = ended
    for change in decision.changes:
        after = apply(after, change)
    assert isinstance(decision.changes[0], PaymentSucceeded)
    (owed,) = after.refunds
    assert (owed.left_minor, owed.state, after.refunded_minor) == (1_500, RefundState.DUE, 1_000)
    kinds = [entry.kind for entry in entries_of(after, decision.changes, NOW_MS)]
    assert kinds == [EntryKind.RETURNED], "which the ledger leaves out, for it was released"


def test_a_failure_is_told_once_in_the_ledger() -> None:
    subject = replace(payment(charges=_wants(("vch_1", 1))), state=PaymentState.FAILED)
    assert len(entries_of(subject, (PaymentFailed("x", NOW_MS),), NOW_MS)) == 1
