"""An order over two performances: all of it is sold or none, and what goes back is shared out to the cent."""

from __future__ import annotations

from dataclasses import replace

from balcon.catalogue.v1.catalogue_service_pb2 import TICKET_KIND_DISCOUNT
from balcon.orders.v1 import orders_events_pb2 as events
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.money import shared
from services.orders.adapters.order_events import created, published
from services.orders.domain import commands
from services.orders.domain.order import (
    CancelReason,
    Money,
    Order,
    OrderState,
    PaymentStatus,
    SeatStatus,
    TicketKind,
    Vat,
)
from services.orders.domain.refunds import LineRef, Refund, RefundMaker, RefundState
from services.orders.domain.steps import NextStep, Step, next_step
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from services.runtime.outbox.event import OutgoingEvent
from tests.unit.orders.builders import NEXT_SHOW, NOW_MS, SHOW, an_order, two_parts
from tests.unit.orders.walks import PAY_UNTIL_MS, PENDING, SUCCEEDED, sale_of, told

ORDER = an_order(parts=two_parts())
CHECK_OUT = commands.CheckOut(ORDER.total, "https://shop.example/", PAY_UNTIL_MS)
CLAIMED = (CHECK_OUT, commands.SeatsClaimed(0), commands.SeatsClaimed(1))
PAID = (*CLAIMED, PENDING, SUCCEEDED)
CONFIRMED = (*PAID, sale_of(ORDER, 0), sale_of(ORDER, 1))


def seats(order: Order) -> tuple[SeatStatus, ...]:
    return tuple(part.seats for part in order.parts)


def read(event: OutgoingEvent) -> Message:
    message: Message = getattr(events, event.type.rsplit(".", 1)[1]).FromString(event.payload)
    return message


def events_of(order: Order, *steps: commands.Command) -> list[OutgoingEvent]:
    """What the last of `steps` publishes."""
    *earlier, last = steps
    before = told(order, *earlier)
    decision = decide(before, last, NOW_MS)
    assert not isinstance(decision, Refusal)
    return published(before, apply_all(before, decision), decision)


def test_no_money_is_asked_for_before_every_part_is_claimed() -> None:
    half = told(ORDER, CHECK_OUT, commands.SeatsClaimed(0))
    assert (half.payment, next_step(half, NOW_MS)) == (PaymentStatus.NONE, NextStep(Step.CLAIM_HELD_SEATS, 1))
    whole = told(half, commands.SeatsClaimed(1))
    assert (whole.payment, next_step(whole, NOW_MS)) == (PaymentStatus.ASKED, NextStep(Step.CREATE_PAYMENT))


def test_there_are_no_tickets_before_every_part_is_sold() -> None:
    half = told(ORDER, *PAID, sale_of(ORDER, 0))
    assert (half.state, half.tickets) == (OrderState.PAID, ())
    assert next_step(half, NOW_MS) == NextStep(Step.CONFIRM_CLAIM, 1)
    whole = told(half, sale_of(ORDER, 1))
    assert whole.state is OrderState.CONFIRMED
    assert [[ticket.seat_id for ticket in part.tickets] for part in whole.parts] == [["A-1", "A-2"], ["A-1"]]


def test_a_refused_part_gives_the_others_back_before_the_order_is_cancelled() -> None:
    refused = told(ORDER, CHECK_OUT, commands.SeatsClaimed(0), commands.ClaimRefused(part=1))
    assert (refused.state, next_step(refused, NOW_MS)) == (OrderState.CANCELLING, NextStep(Step.RELEASE_HOLD, 1))
    unheld = told(refused, commands.HoldLetGo(1))
    assert next_step(unheld, NOW_MS) == NextStep(Step.CANCEL_CLAIM, 0)
    half = told(unheld, commands.SeatsFreed(0))
    assert (half.state, next_step(half, NOW_MS)) == (OrderState.CANCELLING, NextStep(Step.CANCEL_CLAIM, 1))
    ended = told(half, commands.SeatsFreed(1))
    assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.SEATS_GONE)


def test_an_open_order_whose_first_hold_ends_lets_the_other_one_go() -> None:
    gone = told(ORDER, commands.HoldGone(0))
    assert (gone.state, next_step(gone, NOW_MS)) == (OrderState.CANCELLING, NextStep(Step.RELEASE_HOLD, 1))
    assert gone.uses_hold(gone.parts[1])
    ended = told(gone, commands.HoldLetGo(1))
    assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)


def test_the_hold_that_ends_first_is_looked_at_first() -> None:
    first, second = ORDER.parts
    sooner = replace(ORDER, parts=(first, replace(second, hold_until_ms=first.hold_until_ms - 1)))
    assert next_step(sooner, NOW_MS) == NextStep(Step.LOOK_AT_HOLD, 1)
    extended = told(sooner, commands.HoldSeen(first.hold_until_ms + 1, 1))
    assert next_step(extended, NOW_MS) == NextStep(Step.LOOK_AT_HOLD, 0)


def test_a_moved_hold_opens_the_order_again_only_while_no_part_is_claimed() -> None:
    moved = commands.ClaimRefused(commands.NoClaim.HOLD_MOVED, 0)
    assert told(ORDER, CHECK_OUT, moved).state is OrderState.OPEN
    late = commands.ClaimRefused(commands.NoClaim.HOLD_MOVED, 1)
    assert told(ORDER, CHECK_OUT, commands.SeatsClaimed(0), late).state is OrderState.CANCELLING


def test_a_part_that_is_lost_after_the_payment_sends_all_the_money_back_and_frees_the_sold_part() -> None:
    lost = (*PAID, sale_of(ORDER, 0), commands.ClaimMissing(1), commands.ClaimRefused(part=1))
    due = told(ORDER, *lost)
    assert (due.state, due.refunds[0].amount_minor) == (OrderState.REFUND_DUE, ORDER.total.amount_minor)
    back = told(due, commands.PaymentRefunded("pay_1"))
    assert next_step(back, NOW_MS) == NextStep(Step.CANCEL_SALE, 0)
    assert seats(told(back, commands.SeatsFreed(0))) == (SeatStatus.FREED, SeatStatus.FREED)


def test_each_event_is_published_once_a_performance_with_that_parts_lines_and_sums() -> None:
    made = created(ORDER)
    confirmed = events_of(ORDER, *CONFIRMED)
    refunded = events_of(ORDER, *CONFIRMED, commands.RefundOrder("rain"), commands.PaymentRefunded("pay_1"))
    for told_now in (made, confirmed, refunded):
        assert [event.key for event in told_now] == [SHOW, NEXT_SHOW]
        messages = [read(event) for event in told_now]
        assert [message.performance_id for message in messages] == [SHOW, NEXT_SHOW]  # type: ignore[attr-defined]
        assert [len(message.lines) for message in messages] == [2, 1]  # type: ignore[attr-defined]
    totals = [message.total.amount_minor for message in map(read, confirmed)]  # type: ignore[attr-defined]
    assert totals == [5_000, 1_000]


def test_a_part_refund_is_told_to_each_performance_as_its_share_in_all() -> None:
    first = commands.PaymentPartlyRefunded("pay_1", 1_000)
    second = commands.PaymentPartlyRefunded("pay_1", 1_001)
    told_now = [
        (event.key, read(event).refunded.amount_minor)  # type: ignore[attr-defined]
        for event in events_of(ORDER, *CONFIRMED, first)
    ]
    assert told_now == [(SHOW, 833), (NEXT_SHOW, 167)]
    # One cent more touches one of them, and the other is not told what it knows.
    assert len(events_of(ORDER, *CONFIRMED, first, second)) == 1


def test_each_part_refund_is_a_record_of_its_own_and_the_order_stays_confirmed() -> None:
    order = told(
        ORDER,
        *CONFIRMED,
        commands.PaymentPartlyRefunded("pay_1", 1_000),
        commands.PaymentPartlyRefunded("pay_1", 2_500),
    )
    assert (order.state, order.refunded) == (OrderState.CONFIRMED, Money(2_500, "EUR"))
    assert [(refund.refund_id, refund.amount_minor) for refund in order.refunds] == [
        ("ord_1-provider-1", 1_000),
        ("ord_1-provider-2", 1_500),
    ]
    assert {(refund.made_by, refund.state) for refund in order.refunds} == {(RefundMaker.PROVIDER, RefundState.DONE)}


def test_the_house_owes_what_is_left_and_less_where_the_provider_gives_more_meanwhile() -> None:
    part, more = commands.PaymentPartlyRefunded("pay_1", 1_000), commands.PaymentPartlyRefunded("pay_1", 1_400)
    due = told(ORDER, *CONFIRMED, part, commands.RefundOrder("rain"))
    owed = due.refunds[-1]
    assert (owed.refund_id, owed.amount_minor, owed.reason) == (due.refund_key, 5_000, "rain")
    assert (owed.made_by, owed.state) == (RefundMaker.HOUSE, RefundState.DUE)
    less = told(due, more)
    assert [refund.amount_minor for refund in less.refunds] == [1_000, 4_600, 400]
    ended = told(less, commands.PaymentRefunded("pay_1"))
    assert (ended.state, ended.refunded) == (OrderState.REFUNDED, ORDER.total)


def test_a_refund_that_names_its_lines_goes_back_to_their_performance_first() -> None:
    line = LineRef(NEXT_SHOW, "A-1")
    refund = Refund("ord_1-refund-1", 1_200, RefundMaker.HOUSE, RefundState.DONE, lines=(line,))
    assert replace(ORDER, refunds=(refund,)).refunded_by_part == (200, 1_000)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6), st.floats(0, 1))
def test_shares_are_exact_and_none_is_more_than_there_is(left: list[int], part: float) -> None:
    amount = int(sum(left) * part)
    shares = shared(amount, left)
    assert sum(shares) == amount
    assert all(0 <= share <= minor for share, minor in zip(shares, left, strict=True))


def test_the_events_carry_what_sort_of_price_a_line_has_and_its_vat() -> None:
    first, second = ORDER.parts
    line = replace(first.lines[0], kind=TicketKind.DISCOUNT, vat=Vat("reduced", 700, 164))
    message = read(created(replace(ORDER, parts=(replace(first, lines=(line, first.lines[1])), second)))[0])
    assert isinstance(message, events.OrderCreated)
    known, unknown = message.lines
    assert (known.kind, known.vat.vat_class, known.vat.rate_basis_points) == (TICKET_KIND_DISCOUNT, "reduced", 700)
    assert (known.vat.amount.amount_minor, known.vat.amount.currency) == (164, "EUR")
    assert not unknown.HasField("vat")
