"""The order's transition table: every state meets every command, and money in means tickets or a refund out (INV-3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.orders.domain import changes, commands
from services.orders.domain.order import CancelReason, Dispute, Money, Order, OrderState, Payment, Seats
from services.orders.domain.refusals import OrderNotConfirmed, OrderNotOpen, OrderPaid, ReportOutOfPlace, WrongAmount
from services.orders.domain.steps import Step, Timing, due_at_ms, next_step
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import FieldInvalid, Refusal
from tests.unit.orders.builders import NOW_MS, an_order, tickets_for

PAY_UNTIL_MS = NOW_MS + 60_000
CHECK_OUT = commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", PAY_UNTIL_MS)
PENDING = commands.PaymentPending("pay_1", "https://pay.example/1")
SUCCEEDED = commands.PaymentSucceeded("pay_1")
ENDS = {OrderState.CONFIRMED, OrderState.CANCELLED, OrderState.REFUNDED}


def told(order: Order, *steps: commands.Command, now_ms: int = NOW_MS) -> Order:
    """The order after commands that must be accepted."""
    for command in steps:
        decision = decide(order, command, now_ms)
        assert not isinstance(decision, Refusal), decision
        order = apply_all(order, decision)
    return order


def sale_of(order: Order) -> commands.SaleConfirmed:
    return commands.SaleConfirmed(tickets_for(order))


def paying() -> Order:
    return told(an_order(), CHECK_OUT, commands.SeatsClaimed(), PENDING)


def confirmed() -> Order:
    return told(paying(), SUCCEEDED, sale_of(an_order()))


def every_command(order: Order) -> list[commands.Command]:
    return [
        CHECK_OUT,
        commands.CancelOrder(),
        commands.RefundOrder("rain"),
        commands.GiveUpUnpaid(),
        commands.HoldSeen(NOW_MS + 900_000),
        commands.HoldGone(),
        commands.SeatsClaimed(),
        commands.ClaimRefused(),
        commands.ClaimMissing(),
        sale_of(order),
        commands.SeatsFreed(),
        commands.PaymentRefused(),
        PENDING,
        SUCCEEDED,
        commands.PaymentFailed("pay_1"),
        commands.PaymentCancelled("pay_1"),
        commands.PaymentRefunded("pay_1"),
        commands.PaymentPartlyRefunded("pay_1", 1_000),
        commands.PaymentDisputeChanged("pay_1", Dispute.OPEN),
        commands.HoldLetGo(),
        commands.ClaimRefused(commands.NoClaim.HOLD_ENDED),
        commands.ClaimRefused(commands.NoClaim.HOLD_MOVED),
    ]


def is_sound(order: Order) -> None:
    """What holds in every state that can be reached."""
    if order.state is OrderState.CONFIRMED:
        assert order.is_free or order.payment is Payment.CAPTURED
        assert order.seats is Seats.SOLD
        assert tuple(ticket.seat_id for ticket in order.tickets) == order.seat_ids
    if order.payment is Payment.CAPTURED:
        assert order.state in {OrderState.PAID, OrderState.CONFIRMED, OrderState.REFUND_DUE}
    if order.state is OrderState.PAYING:
        assert order.seats is Seats.CLAIMED
        assert order.payment is Payment.PENDING
    if order.state is OrderState.REFUND_DUE:
        assert order.payment is Payment.CAPTURED
    if order.state is OrderState.CANCELLED:
        assert order.payment in {Payment.NONE, Payment.ENDED}
    if order.payment is Payment.NONE and not order.is_free:
        assert order.state not in {OrderState.PAYING, OrderState.PAID, OrderState.CONFIRMED}


def fair_answer(order: Order, step: Step, *, seats_are_there: bool, pays: bool) -> commands.Command:
    """What healthy neighbours say."""
    refund_asked = order.payment is Payment.CAPTURED
    answers: dict[Step, commands.Command] = {
        Step.LOOK_AT_HOLD: commands.HoldGone(),
        Step.RELEASE_HOLD: commands.HoldLetGo(),
        Step.CLAIM_HELD_SEATS: commands.SeatsClaimed() if seats_are_there else commands.ClaimRefused(),
        Step.CLAIM_FREE_SEATS: commands.SeatsClaimed() if seats_are_there else commands.ClaimRefused(),
        Step.CONFIRM_CLAIM: sale_of(order) if seats_are_there else commands.ClaimMissing(),
        Step.CANCEL_CLAIM: commands.SeatsFreed(),
        Step.CANCEL_SALE: commands.SeatsFreed(),
        Step.CREATE_PAYMENT: commands.PaymentPending(order.payment_id or "pay_1", "https://pay.example/1"),
        Step.LOOK_AT_PAYMENT: SUCCEEDED if pays else PENDING,
        Step.CANCEL_PAYMENT: SUCCEEDED if pays else commands.PaymentCancelled("pay_1"),
        Step.REFUND_PAYMENT: commands.PaymentRefunded("pay_1") if refund_asked else PENDING,
        Step.GIVE_UP: commands.GiveUpUnpaid(),
    }
    return answers[step]


def brought_to_its_end(order: Order, *, seats_are_there: bool, pays: bool) -> Order:
    """What the saga makes of it when nothing fails any more and time passes."""
    now_ms = PAY_UNTIL_MS + 1 if not pays else NOW_MS
    for _ in range(12):
        step = next_step(order, now_ms)
        if step is None:
            return order
        order = told(order, fair_answer(order, step, seats_are_there=seats_are_there, pays=pays), now_ms=now_ms)
    pytest.fail(f"{order.state} does not end")


def reachable(start: Order) -> dict[Order, set[Order]]:
    """Every order that any sequence of commands makes out of `start`, with those one command away."""
    edges: dict[Order, set[Order]] = {}
    waiting = [start]
    while waiting:
        order = waiting.pop()
        if order in edges:
            continue
        edges[order] = set()
        for command in every_command(order):
            told_now = (
                replace(command, expected_total=order.total) if isinstance(command, commands.CheckOut) else command
            )
            now_ms = PAY_UNTIL_MS if isinstance(command, commands.GiveUpUnpaid) else NOW_MS
            decision = decide(order, told_now, now_ms)
            if not isinstance(decision, Refusal) and decision:
                # When it happened tells states apart for nothing.
                after = replace(apply_all(order, decision), state_since_ms=NOW_MS, confirmed_at_ms=0)
                edges[order].add(after)
                waiting.append(after)
    return edges


MAPS = {price: reachable(an_order(price=price)) for price in (2_500, 0)}


@pytest.mark.parametrize("price", MAPS)
def test_every_state_is_reached_by_some_sequence_of_commands(price: int) -> None:
    reached = {order.state for order in MAPS[price]}
    beyond_free = {OrderState.PAYING, OrderState.REFUND_DUE} if price == 0 else set()
    assert reached == set(OrderState) - beyond_free


@pytest.mark.parametrize("price", MAPS)
def test_every_order_that_any_sequence_of_commands_makes_is_sound(price: int) -> None:
    for order in MAPS[price]:
        is_sound(order)


@pytest.mark.parametrize("price", MAPS)
def test_money_that_came_in_is_never_forgotten(price: int) -> None:
    proven = {Payment.CAPTURED, Payment.REFUNDED}
    for order, afters in MAPS[price].items():
        if order.payment in proven:
            assert all(after.payment in proven for after in afters), order


@pytest.mark.parametrize("price", MAPS)
@pytest.mark.parametrize("seats_are_there", [True, False])
@pytest.mark.parametrize("pays", [True, False])
def test_wherever_it_stands_an_order_ends_and_money_ends_in_tickets_or_a_refund(
    price: int, seats_are_there: bool, pays: bool
) -> None:
    for order in MAPS[price]:
        ended = brought_to_its_end(order, seats_are_there=seats_are_there, pays=pays)
        assert ended.state in ENDS
        is_sound(ended)
        if ended.payment in {Payment.CAPTURED, Payment.REFUNDED}:
            assert ended.state in {OrderState.CONFIRMED, OrderState.REFUNDED}
        if ended.state is OrderState.CANCELLED:
            assert ended.seats is Seats.FREED
        elif ended.state is OrderState.REFUNDED:
            assert ended.seats in {Seats.HELD, Seats.FREED}


histories = st.lists(st.integers(0, len(every_command(an_order())) - 1), max_size=14)


@example([0, 13, 8])  # a missing claim of a paid order, told twice
@given(histories)
def test_a_command_that_is_told_twice_changes_nothing_the_second_time(history: list[int]) -> None:
    order = an_order()
    for number in history:
        command = every_command(order)[number]
        decision = decide(order, command, NOW_MS)
        if isinstance(decision, Refusal):
            continue
        order = apply_all(order, decision)
        if isinstance(command, commands.ClaimRefused | commands.PaymentRefused | commands.CheckOut):
            continue  # asked twice they are two different answers, or refused
        again = decide(order, command, NOW_MS)
        assert again == () or isinstance(again, Refusal)


@given(histories)
def test_there_is_a_next_step_exactly_until_nothing_is_left_to_do(history: list[int]) -> None:
    order = an_order()
    for number in history:
        decision = decide(order, every_command(order)[number], NOW_MS)
        if not isinstance(decision, Refusal):
            order = apply_all(order, decision)
    due_ms = due_at_ms(order, NOW_MS, Timing())
    assert (due_ms is None) == (next_step(order, NOW_MS) is None)
    assert due_ms is None or due_ms >= NOW_MS


def test_a_report_about_another_payment_never_moves_an_order() -> None:
    reports = [command for command in every_command(paying()) if isinstance(command, commands.PaymentReport)]
    assert len(reports) == 7
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
    assert (claimed.state, claimed.payment) == (OrderState.CLAIMING, Payment.ASKED)
    assert next_step(claimed, NOW_MS) is Step.CREATE_PAYMENT


def test_a_cancelled_order_whose_payment_may_exist_learns_of_it_before_it_frees_seats() -> None:
    cancelling = told(an_order(), CHECK_OUT, commands.SeatsClaimed(), commands.CancelOrder())
    assert next_step(cancelling, NOW_MS) is Step.CREATE_PAYMENT
    known = told(cancelling, PENDING)
    assert next_step(known, NOW_MS) is Step.CANCEL_PAYMENT
    ended = told(known, commands.PaymentCancelled("pay_1"))
    assert next_step(ended, NOW_MS) is Step.CANCEL_CLAIM
    assert told(ended, commands.SeatsFreed()).state is OrderState.CANCELLED


def test_an_open_order_that_is_given_up_ends_when_its_hold_is_let_go_and_not_before() -> None:
    cancelling = told(an_order(), commands.CancelOrder())
    assert (cancelling.state, cancelling.uses_hold) == (OrderState.CANCELLING, True)
    assert next_step(cancelling, NOW_MS) is Step.RELEASE_HOLD
    ended = told(cancelling, commands.HoldLetGo())
    assert (ended.state, ended.cancel_reason, ended.seats) == (OrderState.CANCELLED, CancelReason.BUYER, Seats.FREED)


def test_an_order_whose_claim_is_unknown_lets_its_hold_go_before_it_takes_the_claim_back() -> None:
    cancelling = told(an_order(), CHECK_OUT, commands.CancelOrder())
    assert next_step(cancelling, NOW_MS) is Step.RELEASE_HOLD
    unheld = told(cancelling, commands.HoldLetGo())
    assert (unheld.state, unheld.uses_hold) == (OrderState.CANCELLING, False)
    assert next_step(unheld, NOW_MS) is Step.CANCEL_CLAIM
    assert told(unheld, commands.SeatsFreed()).state is OrderState.CANCELLED


def test_an_order_whose_hold_was_moved_is_open_again_with_nothing_of_its_check_out() -> None:
    back = told(an_order(), CHECK_OUT, commands.ClaimRefused(commands.NoClaim.HOLD_MOVED))
    assert (back.state, back.pay_until_ms, back.return_url) == (OrderState.OPEN, 0, "")
    assert told(back, CHECK_OUT).state is OrderState.CLAIMING


def test_a_claim_that_an_order_turned_back_never_heard_of_is_taken_back_when_its_hold_ends() -> None:
    back = told(an_order(), CHECK_OUT, commands.ClaimRefused(commands.NoClaim.HOLD_MOVED))
    ended = told(back, commands.HoldGone())
    assert (ended.state, next_step(ended, NOW_MS)) == (OrderState.CANCELLED, Step.CANCEL_CLAIM)


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
    assert (cancelling.state, cancelling.seats) == (OrderState.CANCELLING, Seats.CLAIMED)
    assert next_step(cancelling, PAY_UNTIL_MS) is Step.CANCEL_PAYMENT


def test_time_that_is_not_over_gives_nothing_up() -> None:
    assert decide(paying(), commands.GiveUpUnpaid(), PAY_UNTIL_MS - 1) == ()


def cancelled() -> Order:
    return told(paying(), commands.CancelOrder(), commands.PaymentCancelled("pay_1"), commands.SeatsFreed())


def test_a_success_after_the_cancel_claims_the_seats_again_without_a_hold() -> None:
    late = told(cancelled(), SUCCEEDED)
    assert (late.state, next_step(late, NOW_MS)) == (OrderState.PAID, Step.CLAIM_FREE_SEATS)
    again = told(late, commands.SeatsClaimed(), sale_of(late))
    assert (again.state, again.cancel_reason) == (OrderState.CONFIRMED, None)


def test_a_late_success_without_seats_owes_a_refund() -> None:
    due = told(cancelled(), SUCCEEDED, commands.ClaimRefused())
    assert (due.state, due.cancel_reason) == (OrderState.REFUND_DUE, CancelReason.SEATS_GONE)
    assert next_step(due, NOW_MS) is Step.REFUND_PAYMENT


def test_success_outranks_a_failure_that_comes_after_it() -> None:
    paid = told(paying(), SUCCEEDED)
    assert decide(paid, commands.PaymentFailed("pay_1"), NOW_MS) == ()


def test_success_outranks_a_failure_that_came_before_it() -> None:
    assert told(paying(), commands.PaymentFailed("pay_1"), SUCCEEDED).state is OrderState.PAID


def test_a_refund_ends_the_tickets_at_once_and_the_seats_only_when_the_money_is_back() -> None:
    due = told(confirmed(), commands.RefundOrder("rain"))
    assert (due.state, due.tickets_are_valid, due.seats) == (OrderState.REFUND_DUE, False, Seats.SOLD)
    back = told(due, commands.PaymentRefunded("pay_1"))
    assert (back.state, next_step(back, NOW_MS)) == (OrderState.REFUNDED, Step.CANCEL_SALE)
    assert next_step(told(back, commands.SeatsFreed()), NOW_MS) is None


def test_a_refund_of_a_free_order_is_done_at_once_and_frees_its_seats() -> None:
    free = told(an_order(price=0), replace(CHECK_OUT, expected_total=Money(0, "EUR")), commands.SeatsClaimed())
    assert free.state is OrderState.PAID
    ended = told(free, sale_of(free), commands.RefundOrder(""))
    assert (ended.state, next_step(ended, NOW_MS)) == (OrderState.REFUNDED, Step.CANCEL_SALE)


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
