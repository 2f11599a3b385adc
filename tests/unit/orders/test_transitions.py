"""The order's transition table: every state meets every command, and money in means tickets or a refund out (INV-3)."""

from __future__ import annotations

from dataclasses import replace

from services.orders.domain import changes, commands
from services.orders.domain.order import CancelReason, Money, Order, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.refusals import OrderNotConfirmed, OrderNotOpen, OrderPaid, ReportOutOfPlace, WrongAmount
from services.orders.domain.steps import NextStep, Step, Timing, due_at_ms, next_step
from services.orders.domain.transitions import decide
from services.runtime.errors import FieldInvalid, Refusal
from tests.unit.orders.builders import NOW_MS, an_order
from tests.unit.orders.walks import (
    CHECK_OUT,
    PAY_UNTIL_MS,
    PENDING,
    SUCCEEDED,
    confirmed,
    every_command,
    paying,
    sale_of,
    told,
)


def test_a_report_about_another_payment_never_moves_an_order() -> None:
    reports = [command for command in every_command(paying()) if isinstance(command, commands.PaymentReport)]
    assert len(reports) == 10
    for report in reports:
        foreign = replace(report, payment_id="pay_other")
        assert isinstance(decide(paying(), foreign, NOW_MS), ReportOutOfPlace)


def test_another_total_than_the_buyer_saw_is_refused_with_both_amounts() -> None:
    refusal = decide(an_order(), replace(CHECK_OUT, expected_total=Money(4_999, "EUR")), NOW_MS)
    assert isinstance(refusal, WrongAmount)
    assert (refusal.expected, refusal.total) == ("EUR 49.99", "EUR 50.00")


def test_another_currency_is_a_wrong_amount() -> None:
    wrong = replace(CHECK_OUT, expected_total=Money(5_000, "NOK"))
    assert isinstance(decide(an_order(), wrong, NOW_MS), WrongAmount)


def test_only_an_open_order_is_checked_out() -> None:
    assert isinstance(decide(paying(), CHECK_OUT, NOW_MS), OrderNotOpen)


def test_a_paid_order_is_not_cancelled() -> None:
    assert isinstance(decide(confirmed(), commands.CancelOrder(), NOW_MS), OrderPaid)
    assert isinstance(decide(told(paying(), SUCCEEDED), commands.CancelOrder(), NOW_MS), OrderPaid)


def test_only_a_confirmed_order_is_refunded() -> None:
    assert isinstance(decide(paying(), commands.RefundOrder("rain"), NOW_MS), OrderNotConfirmed)


def test_the_payment_is_recorded_as_asked_for_before_it_is_created() -> None:
    claimed = told(an_order(), CHECK_OUT, commands.SeatsClaimed())
    assert (claimed.state, claimed.payment) == (OrderState.CLAIMING, PaymentStatus.ASKED)
    assert next_step(claimed, NOW_MS) == NextStep(Step.CREATE_PAYMENT)


def test_a_cancelled_order_whose_payment_may_exist_learns_of_it_before_it_frees_seats() -> None:
    cancelling = told(an_order(), CHECK_OUT, commands.SeatsClaimed(), commands.CancelOrder())
    assert next_step(cancelling, NOW_MS) == NextStep(Step.CREATE_PAYMENT)
    known = told(cancelling, PENDING)
    assert next_step(known, NOW_MS) == NextStep(Step.CANCEL_PAYMENT)
    ended = told(known, commands.PaymentCancelled("pay_1"))
    assert next_step(ended, NOW_MS) == NextStep(Step.CANCEL_CLAIM)
    assert told(ended, commands.SeatsFreed()).state is OrderState.CANCELLED


def test_an_open_order_that_is_given_up_ends_when_its_hold_is_let_go_and_not_before() -> None:
    cancelling = told(an_order(), commands.CancelOrder())
    assert (cancelling.state, cancelling.uses_hold(cancelling.first)) == (OrderState.CANCELLING, True)
    assert next_step(cancelling, NOW_MS) == NextStep(Step.RELEASE_HOLD)
    ended = told(cancelling, commands.HoldLetGo())
    assert (ended.state, ended.cancel_reason, ended.first.seats) == (
        OrderState.CANCELLED,
        CancelReason.BUYER,
        SeatStatus.FREED,
    )


def test_an_order_whose_claim_is_unknown_lets_its_hold_go_before_it_takes_the_claim_back() -> None:
    cancelling = told(an_order(), CHECK_OUT, commands.CancelOrder())
    assert next_step(cancelling, NOW_MS) == NextStep(Step.RELEASE_HOLD)
    unheld = told(cancelling, commands.HoldLetGo())
    assert (unheld.state, unheld.uses_hold(unheld.first)) == (OrderState.CANCELLING, False)
    assert next_step(unheld, NOW_MS) == NextStep(Step.CANCEL_CLAIM)
    assert told(unheld, commands.SeatsFreed()).state is OrderState.CANCELLED


def test_an_order_whose_hold_was_moved_is_open_again_with_nothing_of_its_check_out() -> None:
    back = told(an_order(), CHECK_OUT, commands.ClaimRefused(commands.NoClaim.HOLD_MOVED))
    assert (back.state, back.pay_until_ms, back.return_url) == (OrderState.OPEN, 0, "")
    assert told(back, CHECK_OUT).state is OrderState.CLAIMING


def test_a_claim_that_an_order_turned_back_never_heard_of_is_taken_back_when_its_hold_ends() -> None:
    back = told(an_order(), CHECK_OUT, commands.ClaimRefused(commands.NoClaim.HOLD_MOVED))
    ended = told(back, commands.HoldGone())
    assert (ended.state, next_step(ended, NOW_MS)) == (OrderState.CANCELLED, NextStep(Step.CANCEL_CLAIM))


def test_a_cancel_on_the_pay_page_is_the_buyers_and_one_at_the_end_of_the_time_is_not() -> None:
    cancelled_there = commands.PaymentCancelled("pay_1")
    assert told(paying(), cancelled_there, now_ms=PAY_UNTIL_MS - 1).cancel_reason is CancelReason.BUYER
    assert told(paying(), cancelled_there, now_ms=PAY_UNTIL_MS).cancel_reason is CancelReason.UNPAID


def test_only_what_is_paid_needs_a_page_to_return_to() -> None:
    refused = decide(an_order(), replace(CHECK_OUT, return_url=""), NOW_MS)
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "return_url"
    free = replace(CHECK_OUT, return_url="", expected_total=Money(0, "EUR"))
    assert told(an_order(price=0), free).state is OrderState.CLAIMING


def test_time_over_does_not_free_seats_by_itself() -> None:
    cancelling = told(paying(), commands.GiveUpUnpaid(), now_ms=PAY_UNTIL_MS)
    assert (cancelling.state, cancelling.first.seats) == (OrderState.CANCELLING, SeatStatus.CLAIMED)
    assert next_step(cancelling, PAY_UNTIL_MS) == NextStep(Step.CANCEL_PAYMENT)


def test_time_that_is_not_over_gives_nothing_up() -> None:
    assert decide(paying(), commands.GiveUpUnpaid(), PAY_UNTIL_MS - 1) == ()


def cancelled() -> Order:
    return told(paying(), commands.CancelOrder(), commands.PaymentCancelled("pay_1"), commands.SeatsFreed())


def test_a_success_after_the_cancel_claims_the_seats_again_without_a_hold() -> None:
    late = told(cancelled(), SUCCEEDED)
    assert (late.state, next_step(late, NOW_MS)) == (OrderState.PAID, NextStep(Step.CLAIM_FREE_SEATS))
    again = told(late, commands.SeatsClaimed(), sale_of(late))
    assert (again.state, again.cancel_reason) == (OrderState.CONFIRMED, None)


def test_a_late_success_without_seats_owes_a_refund() -> None:
    due = told(cancelled(), SUCCEEDED, commands.ClaimRefused())
    assert (due.state, due.cancel_reason) == (OrderState.REFUND_DUE, CancelReason.SEATS_GONE)
    assert next_step(due, NOW_MS) == NextStep(Step.REFUND_PAYMENT)


def test_success_outranks_a_failure_that_comes_after_it() -> None:
    paid = told(paying(), SUCCEEDED)
    assert decide(paid, commands.PaymentFailed("pay_1"), NOW_MS) == ()


def test_success_outranks_a_failure_that_came_before_it() -> None:
    assert told(paying(), commands.PaymentFailed("pay_1"), SUCCEEDED).state is OrderState.PAID


def test_a_refund_ends_the_tickets_at_once_and_the_seats_only_when_the_money_is_back() -> None:
    due = told(confirmed(), commands.RefundOrder("rain"))
    assert (due.state, due.tickets_are_valid, due.first.seats) == (OrderState.REFUND_DUE, False, SeatStatus.SOLD)
    back = told(due, commands.PaymentRefunded("pay_1"))
    assert (back.state, next_step(back, NOW_MS)) == (OrderState.REFUNDED, NextStep(Step.CANCEL_SALE))
    assert next_step(told(back, commands.SeatsFreed()), NOW_MS) is None


def test_a_refund_of_a_free_order_is_done_at_once_and_frees_its_seats() -> None:
    free = told(an_order(price=0), replace(CHECK_OUT, expected_total=Money(0, "EUR")), commands.SeatsClaimed())
    assert free.state is OrderState.PAID
    ended = told(free, sale_of(free), commands.RefundOrder(""))
    assert (ended.state, next_step(ended, NOW_MS)) == (OrderState.REFUNDED, NextStep(Step.CANCEL_SALE))


def test_a_refund_at_the_provider_ends_a_confirmed_order() -> None:
    decision = decide(confirmed(), commands.PaymentRefunded("pay_1"), NOW_MS)
    assert not isinstance(decision, Refusal)
    assert [type(change) for change in decision] == [
        changes.RefundBecameDue,
        changes.PaymentChanged,
        changes.OrderRefunded,
    ]


def test_a_hold_that_was_extended_keeps_its_order_open() -> None:
    extended = told(an_order(), commands.HoldSeen(NOW_MS + 900_000))
    assert due_at_ms(extended, NOW_MS, Timing(hold_grace_ms=5)) == NOW_MS + 900_005


def test_an_open_order_whose_hold_ended_is_unpaid_and_touches_no_seat() -> None:
    ended = told(an_order(), commands.HoldGone())
    assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)
    assert next_step(ended, NOW_MS) is None
