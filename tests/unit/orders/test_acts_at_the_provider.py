"""What happened at the provider without us, told to an order: parts, disputes, the whole (R5.9)."""

from __future__ import annotations

import pytest

from services.orders.domain import changes, commands
from services.orders.domain.order import CancelReason, Dispute, Money, Order, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.steps import NextStep, Step, next_step
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, an_order, tickets_for

PART = commands.PaymentPartlyRefunded("pay_1", 1_000)
WHOLE = commands.PaymentRefunded("pay_1")


def told(order: Order, *reports: commands.Command) -> Order:
    for report in reports:
        decision = decide(order, report, NOW_MS)
        assert not isinstance(decision, Refusal), decision
        order = apply_all(order, decision)
    return order


def confirmed() -> Order:
    """An order of 50.00 EUR with tickets."""
    return told(
        an_order(),
        commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", NOW_MS + 60_000),
        commands.SeatsClaimed(),
        commands.PaymentPending("pay_1", "https://pay.example/1"),
        commands.PaymentSucceeded("pay_1"),
        commands.SaleConfirmed(tickets_for(an_order())),
    )


def test_a_part_refund_leaves_the_order_confirmed_and_shows_what_went_back() -> None:
    partly = told(confirmed(), PART)
    assert (partly.state, partly.payment, partly.first.seats) == (
        OrderState.CONFIRMED,
        PaymentStatus.CAPTURED,
        SeatStatus.SOLD,
    )
    assert partly.tickets_are_valid
    assert partly.refunded == Money(1_000, "EUR")


def test_an_older_or_smaller_part_changes_nothing() -> None:
    partly = told(confirmed(), commands.PaymentPartlyRefunded("pay_1", 2_000))
    assert decide(partly, PART, NOW_MS) == ()


def test_the_rest_at_the_provider_ends_the_order_as_a_refund_by_the_house() -> None:
    back = told(confirmed(), PART, WHOLE)
    assert (back.state, back.cancel_reason) == (OrderState.REFUNDED, CancelReason.HOUSE)
    assert (back.refunded, back.tickets_are_valid) == (back.total, False)
    assert next_step(back, NOW_MS) == NextStep(Step.CANCEL_SALE)
    assert decide(back, PART, NOW_MS) == ()


def test_our_own_refund_of_the_rest_ends_it_too() -> None:
    due = told(confirmed(), PART, commands.RefundOrder("rain"))
    assert (due.state, next_step(due, NOW_MS)) == (OrderState.REFUND_DUE, NextStep(Step.REFUND_PAYMENT))
    assert told(due, WHOLE).refunded == due.total


def test_a_part_that_goes_back_while_the_refund_is_due_is_recorded() -> None:
    due = told(confirmed(), commands.RefundOrder("rain"), PART)
    assert (due.state, due.refunded.amount_minor) == (OrderState.REFUND_DUE, 1_000)


@pytest.mark.parametrize("dispute", [Dispute.OPEN, Dispute.WON, Dispute.LOST])
def test_a_dispute_is_shown_and_moves_neither_tickets_nor_seats(dispute: Dispute) -> None:
    order = told(confirmed(), commands.PaymentDisputeChanged("pay_1", dispute))
    assert (order.dispute, order.state, order.tickets_are_valid) == (dispute, OrderState.CONFIRMED, True)
    assert decide(order, commands.PaymentDisputeChanged("pay_1", dispute), NOW_MS) == ()


def test_a_lost_dispute_ends_the_order_by_the_refund_that_follows_it() -> None:
    lost = told(confirmed(), commands.PaymentDisputeChanged("pay_1", Dispute.LOST), WHOLE)
    assert (lost.state, lost.dispute) == (OrderState.REFUNDED, Dispute.LOST)


def test_a_whole_refund_of_an_order_that_is_being_confirmed_takes_whatever_its_claim_has_become() -> None:
    paid = told(
        an_order(),
        commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", NOW_MS + 60_000),
        commands.SeatsClaimed(),
        commands.PaymentPending("pay_1", "https://pay.example/1"),
        commands.PaymentSucceeded("pay_1"),
    )
    back = told(paid, WHOLE)
    assert next_step(back, NOW_MS) == NextStep(Step.CANCEL_CLAIM)
    found_sold = told(back, commands.SaleConfirmed(tickets_for(back)))
    assert next_step(found_sold, NOW_MS) == NextStep(Step.CANCEL_SALE)


@pytest.mark.parametrize(
    ("now_ms", "reason"), [(NOW_MS, CancelReason.PAYMENT_FAILED), (NOW_MS + 60_000, CancelReason.UNPAID)]
)
def test_a_payment_that_ran_out_at_the_provider_is_unpaid_and_not_turned_down(
    now_ms: int, reason: CancelReason
) -> None:
    """Whether the provider's word or our own clock comes first is luck; the reason is not."""
    paying = told(
        an_order(),
        commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", NOW_MS + 60_000),
        commands.SeatsClaimed(),
        commands.PaymentPending("pay_1", "https://pay.example/1"),
    )
    decision = decide(paying, commands.PaymentFailed("pay_1"), now_ms)
    assert not isinstance(decision, Refusal)
    assert apply_all(paying, decision).cancel_reason is reason


def test_parts_and_disputes_are_published() -> None:
    decided = [decide(confirmed(), PART, NOW_MS)]
    decided.append(decide(confirmed(), commands.PaymentDisputeChanged("pay_1", Dispute.OPEN), NOW_MS))
    assert decided == [
        (changes.OrderPartlyRefunded(1_000, NOW_MS),),
        (changes.OrderDisputeChanged(Dispute.OPEN, NOW_MS),),
    ]
