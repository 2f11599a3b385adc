"""Refund, cancel and release of lines: three acts, each alone or with the others (issue 14, decision 0049)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contracts.prices import ComponentKind
from services.orders.domain import commands
from services.orders.domain.commands import (
    ActOnLines,
    OwnRefund,
    PaymentPartlyRefunded,
    PaymentRefunded,
    RefundOrder,
    RefundTerms,
    SeatsReleased,
)
from services.orders.domain.order import (
    LineComponent,
    LineDiscount,
    LineStatus,
    Money,
    Order,
    OrderLine,
    OrderPart,
    OrderState,
    SeatStatus,
    Vat,
)
from services.orders.domain.refund_books import back_of, cells_of
from services.orders.domain.refunds import LineRef, RefundMaker, RefundRoute, RefundState
from services.orders.domain.refusals import (
    LinesUnknown,
    NothingToRefund,
    OrderNotConfirmed,
    RefundTooLarge,
    TicketsStillValid,
)
from services.orders.domain.steps import NextStep, Step, next_step
from services.orders.domain.transitions import decide
from services.orders.domain.uses import CountedUse
from tests.unit.orders.builders import NEXT_SHOW, NOW_MS, PLAN, SHOW, an_order, two_parts
from tests.unit.orders.walks import CHECK_OUT, PENDING, SUCCEEDED, confirmed, is_sound, sale_of, told

A1, A2 = LineRef(SHOW, "A-1"), LineRef(SHOW, "A-2")
KEPT = frozenset({ComponentKind.SERVICE_FEE})


def a_line(seat: str, base: int = 2_000, fee: int = 500) -> OrderLine:
    """A base price at 9 % and a fee at 21 %."""
    components = (
        LineComponent(ComponentKind.BASE, base, Vat("low", 900, base * 900 // 10_900)),
        LineComponent(ComponentKind.SERVICE_FEE, fee, Vat("high", 2_100, fee * 2_100 // 12_100)),
    )
    return OrderLine(seat, "stalls", "normal", Money(base + fee, "EUR"), components=components)


def sold(order: Order) -> Order:
    """The order, paid and with its tickets."""
    out = replace(CHECK_OUT, expected_total=order.total)
    places = range(len(order.parts))
    claims = [commands.SeatsClaimed(place) for place in places]
    sales = [sale_of(order, place) for place in places]
    paid: list[commands.Command] = [] if order.is_free else [PENDING, SUCCEEDED]
    return told(order, out, *claims, *paid, *sales)


def with_fees() -> Order:
    """Two lines of 25.00, of which 5.00 is a fee."""
    lines = (a_line("A-1"), a_line("A-2"))
    return sold(an_order(parts=(OrderPart(SHOW, "hold_1", PLAN, lines, NOW_MS + 600_000),)))


def done(order: Order, *back: int) -> PaymentPartlyRefunded:
    """The house's own refunds are back, each with so much."""
    own = [refund for refund in order.refunds if refund.made_by is RefundMaker.HOUSE]
    ours = tuple(OwnRefund(one.refund_id, minor, True) for one, minor in zip(own, back, strict=False))
    return PaymentPartlyRefunded("pay_1", sum(back), ours)


def statuses(order: Order) -> list[LineStatus]:
    return [line.status for line in order.lines]


def test_a_cancelled_line_has_no_ticket_and_its_money_and_seat_stay() -> None:
    order = told(confirmed(), ActOnLines((A1,), cancel=True))
    assert statuses(order) == [LineStatus.CANCELLED, LineStatus.VALID]
    assert (order.state, order.refunds, order.first.seats) == (OrderState.CONFIRMED, (), SeatStatus.SOLD)
    assert next_step(order, NOW_MS) is None


def test_a_refund_alone_leaves_tickets_and_seats() -> None:
    order = told(confirmed(), ActOnLines((A1,), refund=RefundTerms()))
    assert statuses(order) == [LineStatus.VALID] * 2
    assert [(one.amount_minor, one.state, one.lines) for one in order.refunds] == [(2_500, RefundState.DUE, (A1,))]
    assert next_step(order, NOW_MS) == NextStep(Step.REFUND_PAYMENT)
    back = told(order, done(order, 2_500))
    assert (back.state, back.refunded.amount_minor, next_step(back, NOW_MS)) == (OrderState.CONFIRMED, 2_500, None)


def test_seats_go_back_on_sale_one_by_one_and_only_once_their_tickets_are_cancelled() -> None:
    refused = decide(confirmed(), ActOnLines((A1,), release=True), NOW_MS)
    assert refused == TicketsStillValid("ord_1", ("A-1",))
    order = told(confirmed(), ActOnLines((A1,), cancel=True), ActOnLines((A1,), release=True))
    assert next_step(order, NOW_MS) == NextStep(Step.RELEASE_SEATS)
    order = told(order, SeatsReleased(("A-1",)))
    assert (statuses(order), order.first.seats) == ([LineStatus.RELEASED, LineStatus.VALID], SeatStatus.SOLD)
    rest = told(order, ActOnLines(cancel=True, release=True), SeatsReleased(("A-2",)))
    assert rest.first.seats is SeatStatus.FREED


def test_all_three_at_once_and_seats_and_money_take_turns_while_neither_moves() -> None:
    order = told(confirmed(), ActOnLines((A1,), cancel=True, release=True, refund=RefundTerms()))
    steps = [next_step(order, NOW_MS, failures) for failures in range(3)]
    assert steps == [NextStep(Step.RELEASE_SEATS), NextStep(Step.REFUND_PAYMENT), NextStep(Step.RELEASE_SEATS)]


def test_fees_may_be_kept_and_the_tax_of_what_goes_back_is_told() -> None:
    order = told(with_fees(), ActOnLines((A1,), refund=RefundTerms(keep=KEPT)))
    assert [refund.amount_minor for refund in order.refunds] == [2_000]
    back = told(order, done(order, 2_000))
    money = back_of(back, SHOW)
    assert [(one.line, one.amount_minor) for one in money] == [(A1, 2_000)]
    assert money[0].components == (LineComponent(ComponentKind.BASE, 2_000, Vat("low", 900, 165)),)


def test_a_fee_of_the_house_is_kept_of_each_line_over_its_components() -> None:
    order = told(with_fees(), ActOnLines(refund=RefundTerms(fee_minor=250)))
    assert order.refunds[0].amount_minor == 2 * 2_250
    shares = [(one.seat_id, one.kind, one.amount_minor) for one in order.refunds[0].shares]
    assert shares[:2] == [("A-1", ComponentKind.BASE, 1_800), ("A-1", ComponentKind.SERVICE_FEE, 450)]


def test_several_refunds_come_to_the_total_to_the_cent_with_all_of_the_tax() -> None:
    order = with_fees()
    for amount_minor in (333, 1, 2_222, 1_111):
        order = told(order, ActOnLines(refund=RefundTerms(amount_minor)))
        is_sound(order)
    order = told(order, done(order, 333, 1, 2_222, 1_111))
    left = 5_000 - 3_667
    assert sum(cell.left_minor for cell in cells_of(order, with_due=False)) == left
    order = told(order, ActOnLines(refund=RefundTerms()), PaymentRefunded("pay_1"))
    assert (order.state, order.refunded.amount_minor) == (OrderState.REFUNDED, 5_000)
    vat = sum(one.vat_minor for refund in order.refunds for one in refund.shares)
    assert vat == sum(one.vat.amount_minor for line in order.lines for one in line.made_of)


def test_a_refund_larger_than_what_is_left_names_both() -> None:
    order = told(confirmed(), ActOnLines((A1,), refund=RefundTerms(2_000)))
    refused = decide(order, ActOnLines((A1,), refund=RefundTerms(501)), NOW_MS)
    assert refused == RefundTooLarge("ord_1", "EUR 5.01", "EUR 5.00")
    assert decide(order, ActOnLines(refund=RefundTerms(3_001)), NOW_MS) == RefundTooLarge(
        "ord_1", "EUR 30.01", "EUR 30.00"
    )


def test_what_was_given_back_of_a_line_is_not_given_back_again() -> None:
    order = told(confirmed(), ActOnLines((A1,), refund=RefundTerms()))
    assert decide(order, ActOnLines((A1,), refund=RefundTerms()), NOW_MS) == NothingToRefund("ord_1")
    again = told(order, ActOnLines((A1,), cancel=True, refund=RefundTerms()))
    assert len(again.refunds) == 1
    assert statuses(again)[0] is LineStatus.CANCELLED


def test_what_has_a_name_is_done_once_an_order() -> None:
    asked = ActOnLines(cancel=True, refund=RefundTerms(1_000), act_id="job_1")
    order = told(confirmed(), asked)
    assert decide(order, asked, NOW_MS) == ()


def test_money_that_went_back_without_us_shrinks_what_is_owed() -> None:
    order = told(confirmed(), ActOnLines(refund=RefundTerms(4_000)))
    order = told(order, PaymentPartlyRefunded("pay_1", 3_000, (OwnRefund("ord_1-refund-1", 0, False),)))
    assert [(one.made_by, one.amount_minor, one.state) for one in order.refunds] == [
        (RefundMaker.HOUSE, 2_000, RefundState.DUE),
        (RefundMaker.PROVIDER, 3_000, RefundState.DONE),
    ]
    is_sound(order)
    ended = told(order, PaymentRefunded("pay_1"))
    assert (ended.state, ended.refunded.amount_minor) == (OrderState.REFUNDED, 5_000)


def test_a_refund_of_ours_is_told_from_one_at_the_provider() -> None:
    order = told(confirmed(), ActOnLines(refund=RefundTerms(1_000)))
    report = PaymentPartlyRefunded("pay_1", 1_500, (OwnRefund("ord_1-refund-1", 1_000, True),))
    order = told(order, report, report)
    assert [(one.made_by, one.amount_minor) for one in order.refunds] == [
        (RefundMaker.HOUSE, 1_000),
        (RefundMaker.PROVIDER, 500),
    ]


def test_a_sum_without_names_says_nothing_while_a_refund_of_ours_is_owed() -> None:
    order = told(confirmed(), ActOnLines(refund=RefundTerms(1_000)))
    assert decide(order, PaymentPartlyRefunded("pay_1", 1_000), NOW_MS) == ()


def test_the_last_of_the_money_ends_the_order_and_seats_that_were_kept_off_sale_stay_off() -> None:
    order = told(confirmed(), ActOnLines((A1,), cancel=True), ActOnLines(refund=RefundTerms()))
    ended = told(order, PaymentRefunded("pay_1"))
    assert ended.state is OrderState.REFUNDED
    assert statuses(ended) == [LineStatus.CANCELLED, LineStatus.RELEASE_DUE]
    freed = told(ended, SeatsReleased(("A-2",)))
    assert (next_step(freed, NOW_MS), freed.first.seats) == (None, SeatStatus.SOLD)
    late = told(freed, ActOnLines(release=True), SeatsReleased(("A-1",)))
    assert late.first.seats is SeatStatus.FREED


def test_the_whole_order_is_refunded_with_what_is_left_of_it() -> None:
    order = told(confirmed(), ActOnLines((A1,), cancel=True, release=True, refund=RefundTerms()))
    order = told(order, SeatsReleased(("A-1",)), done(order, 2_500), RefundOrder("rain"))
    assert (order.state, order.refunds[1].amount_minor) == (OrderState.REFUND_DUE, 2_500)
    ended = told(order, PaymentRefunded("pay_1"))
    assert next_step(ended, NOW_MS) == NextStep(Step.RELEASE_SEATS)
    assert told(ended, SeatsReleased(("A-2",))).first.seats is SeatStatus.FREED


def test_a_free_order_ends_with_its_last_ticket() -> None:
    order = told(sold(an_order(price=0)), ActOnLines((A1,), cancel=True, release=True))
    assert order.state is OrderState.CONFIRMED
    ended = told(order, ActOnLines(cancel=True, release=True))
    assert ended.state is OrderState.REFUNDED
    is_sound(ended)


def test_one_performance_of_several_is_given_back() -> None:
    order = sold(an_order(parts=two_parts()))
    order = told(order, ActOnLines(performance_id=NEXT_SHOW, cancel=True, refund=RefundTerms()))
    assert [(one.amount_minor, one.lines) for one in order.refunds] == [(1_000, (LineRef(NEXT_SHOW, "A-1"),))]
    assert [part.is_whole for part in order.parts] == [True, False]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (ActOnLines((LineRef(SHOW, "Q-9"),), cancel=True), f"{SHOW} Q-9"),
        (ActOnLines(performance_id="perf_9", cancel=True), "perf_9"),
    ],
)
def test_lines_that_the_order_has_not_are_named(asked: ActOnLines, named: str) -> None:
    assert decide(confirmed(), asked, NOW_MS) == LinesUnknown("ord_1", (named,))


def test_only_an_order_that_was_confirmed_is_acted_on() -> None:
    assert decide(an_order(), ActOnLines(cancel=True), NOW_MS) == OrderNotConfirmed("ord_1", "OPEN")


def test_money_may_go_into_a_voucher() -> None:
    order = told(confirmed(), ActOnLines(refund=RefundTerms(route=RefundRoute.VOUCHER)))
    assert order.refunds[0].route is RefundRoute.VOUCHER


def test_a_cancelled_line_gives_the_use_of_its_discount_back_and_the_others_keep_theirs() -> None:
    lowered = [replace(a_line(seat), discount=LineDiscount("spring", 100)) for seat in ("A-1", "A-2")]
    use = CountedUse("discount:spring", 2, 2)
    order = sold(replace(an_order(), parts=(replace(an_order().first, lines=tuple(lowered)),), uses=(use,)))
    after = told(order, ActOnLines((A1,), cancel=True))
    assert after.uses == (CountedUse("discount:spring", 1, 2),)
    assert after.counts_other_uses_than(order)
