"""Every state meets every command, in orders over one performance and over two: money in means tickets or a refund out
(INV-3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.orders.domain import commands
from services.orders.domain.order import LineStatus, Order, OrderPart, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.refunds import RefundState
from services.orders.domain.steps import Timing, due_at_ms, next_step
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, an_order, two_parts
from tests.unit.orders.walks import ENDS, PAY_UNTIL_MS, brought_to_its_end, every_command, is_sound


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


STARTS = {
    "one performance": an_order(),
    "one free performance": an_order(price=0),
    "two performances": an_order(parts=two_parts()),
    "two free performances": an_order(parts=two_parts(price=0)),
}
PAID = ("one performance", "two performances")


@cache
def map_of(kind: str) -> dict[Order, set[Order]]:
    return reachable(STARTS[kind])


@pytest.mark.parametrize("kind", STARTS)
def test_every_state_is_reached_by_some_sequence_of_commands(kind: str) -> None:
    reached = {order.state for order in map_of(kind)}
    beyond_free = {OrderState.PAYING, OrderState.REFUND_DUE} if "free" in kind else set()
    assert reached == set(OrderState) - beyond_free


@pytest.mark.parametrize("kind", STARTS)
def test_every_order_that_any_sequence_of_commands_makes_is_sound(kind: str) -> None:
    for order in map_of(kind):
        is_sound(order)


@pytest.mark.parametrize("kind", STARTS)
def test_a_line_goes_only_from_valid_to_cancelled_to_released_and_never_back(kind: str) -> None:
    way = (LineStatus.VALID, LineStatus.CANCELLED, LineStatus.RELEASE_DUE, LineStatus.RELEASED)
    for order, afters in map_of(kind).items():
        for after in afters:
            for part, now in zip(order.parts, after.parts, strict=True):
                for line, then in zip(part.lines, now.lines, strict=True):
                    assert way.index(line.status) <= way.index(then.status), (order, after)


@pytest.mark.parametrize("kind", STARTS)
def test_a_refund_is_owed_until_it_is_done_and_what_is_done_never_changes(kind: str) -> None:
    for order, afters in map_of(kind).items():
        for after in afters:
            now = {refund.refund_id: refund for refund in after.refunds}
            assert {refund.refund_id for refund in order.refunds} <= now.keys(), (order, after)
            done = [refund for refund in order.refunds if refund.state is RefundState.DONE]
            assert [now[refund.refund_id] for refund in done] == done, (order, after)


@pytest.mark.parametrize("kind", STARTS)
def test_money_that_came_in_is_never_forgotten(kind: str) -> None:
    proven = {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}
    for order, afters in map_of(kind).items():
        if order.payment in proven:
            assert all(after.payment in proven for after in afters), order


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("seats_are_there", [True, False])
@pytest.mark.parametrize("pays", [True, False])
def test_wherever_it_stands_an_order_ends_and_money_ends_in_tickets_or_a_refund(
    kind: str, seats_are_there: bool, pays: bool
) -> None:
    for order in map_of(kind):
        ended = brought_to_its_end(order, seats_are_there=seats_are_there, pays=pays)
        assert ended.state in ENDS
        is_sound(ended)
        if ended.payment in {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}:
            assert ended.state in {OrderState.CONFIRMED, OrderState.REFUNDED}
        if ended.state is OrderState.CANCELLED:
            assert all(part.seats is SeatStatus.FREED for part in ended.parts)
        elif ended.state is OrderState.REFUNDED:
            assert all(
                part.seats in {SeatStatus.HELD, SeatStatus.FREED} or is_kept_off_sale(part) for part in ended.parts
            )


def is_kept_off_sale(part: OrderPart) -> bool:
    """What is still sold of it is only what the house cancelled and did not put back on sale."""
    left = {line.status for line in part.lines if line.status is not LineStatus.RELEASED}
    return part.seats is SeatStatus.SOLD and left == {LineStatus.CANCELLED}


histories = st.lists(st.integers(0, len(every_command(STARTS["two performances"])) - 1), max_size=20)
OF_ONE = len(every_command(STARTS["one performance"]))


def walk(start: str, history: list[int]) -> Iterator[tuple[Order, commands.Command]]:
    """The order before each command of the history, and the command."""
    order = STARTS[start]
    known = every_command(order)
    for number in history:
        command = known[number % len(known)]
        if isinstance(command, commands.CheckOut):
            command = replace(command, expected_total=order.total)
        yield order, command
        decision = decide(order, command, NOW_MS)
        if not isinstance(decision, Refusal):
            order = apply_all(order, decision)


@pytest.mark.parametrize("start", PAID)
@example([0, OF_ONE - 6, 11])  # a missing claim of a paid order, told twice
@given(histories)
def test_a_command_that_is_told_twice_changes_nothing_the_second_time(start: str, history: list[int]) -> None:
    for order, command in walk(start, history):
        decision = decide(order, command, NOW_MS)
        if isinstance(decision, Refusal):
            continue
        after = apply_all(order, decision)
        if isinstance(command, commands.ClaimRefused | commands.PaymentRefused | commands.CheckOut):
            continue  # asked twice they are two different answers, or refused
        again = decide(after, command, NOW_MS)
        assert again == () or isinstance(again, Refusal)


@pytest.mark.parametrize("start", PAID)
@given(histories)
def test_there_is_a_next_step_exactly_until_nothing_is_left_to_do(start: str, history: list[int]) -> None:
    for order, _ in walk(start, history):
        due_ms = due_at_ms(order, NOW_MS, Timing())
        assert (due_ms is None) == (next_step(order, NOW_MS) is None)
        assert due_ms is None or due_ms >= NOW_MS


@pytest.mark.parametrize("start", PAID)
@given(histories)
def test_no_history_of_commands_leaves_an_order_unsound(start: str, history: list[int]) -> None:
    for order, _ in walk(start, history):
        is_sound(order)
