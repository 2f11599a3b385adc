"""Every state of an old order meets every state of the order that it is exchanged for, with crashes in between.

Never both valid in the end, never both lost, and what pays the new order is what the old one gave (R2.9).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from services.orders.domain import commands
from services.orders.domain.exchanges import Exchange, ExchangeStatus, ExchangeTerms
from services.orders.domain.exchanging import exchange_charges, given_for, may_settle_exchange, worth_minor
from services.orders.domain.order import LineStatus, Order, OrderState, PaymentStatus
from services.orders.domain.refunds import LineRef, RefundRoute, RefundState
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, SHOW, an_order, tickets_for
from tests.unit.orders.walks import CHECK_OUT, PENDING, SUCCEEDED, confirmed, own_refunds_back

GIVEN = (LineRef(SHOW, "A-1"),)
Pair = tuple[Order, Order]


def an_exchange(price: int) -> Pair:
    """A confirmed order of two seats at 25.00, and an open one that the first seat is given for."""
    old = confirmed()
    new = an_order(order_id="ord_2", price=price, seats=("B-1",))
    worth = worth_minor(old, GIVEN, ExchangeTerms())
    exchange = Exchange(old.order_id, GIVEN, worth, min(worth, price), "pay_1")
    new = replace(new, exchange=exchange)
    return old, replace(new, charges=exchange_charges(new))


def after(order: Order, command: commands.Command, now_ms: int = NOW_MS) -> Order | None:
    """None: it is refused."""
    decision = decide(order, command, now_ms)
    return None if isinstance(decision, Refusal) else apply_all(order, decision)


def of_the_new(old: Order, new: Order) -> Iterator[Pair]:
    """What buyers, inventory and payments say of the new order. The old one is locked before the check-out."""
    assert new.exchange is not None
    opening = commands.OpenExchange(new.order_id, GIVEN, new.exchange.value_minor, new.exchange.terms)
    # At any time: a process may stand still between reading the new order and locking the old one, or die after it.
    locked = after(old, opening)
    if locked is not None:
        yield locked, new
        out = replace(CHECK_OUT, expected_total=new.total)
        yield locked, after(new, out) or new
    told: list[commands.Command] = [
        commands.CancelOrder(),
        commands.HoldGone(),
        commands.HoldLetGo(),
        commands.SeatsClaimed(),
        commands.ClaimRefused(commands.NoClaim.SEATS_GONE),
        commands.ClaimRefused(commands.NoClaim.HOLD_MOVED),
        commands.SaleConfirmed(tickets_for(new)),
        commands.SeatsFreed(),
        PENDING,
        SUCCEEDED,
        commands.PaymentCancelled("pay_1"),
        commands.PaymentRefunded("pay_1"),
        commands.RefundOrder(""),
    ]
    for command in told:
        yield old, after(new, command) or new


def of_the_old(old: Order, new: Order) -> Iterator[Pair]:
    """What the house and payments say of the old order meanwhile."""
    told: list[commands.Command] = [
        commands.ActOnLines(GIVEN, cancel=True, refund=commands.RefundTerms()),
        commands.ActOnLines((LineRef(SHOW, "A-2"),), cancel=True),
        commands.PaymentRefunded("pay_1"),
        own_refunds_back(old),
    ]
    for command in told:
        yield after(old, command) or old, new


def settled(old: Order, new: Order) -> Iterator[Pair]:
    """What the saga does of the new order, and a crash before it is written down there."""
    if not may_settle_exchange(new) or new.exchange is None:
        return
    if not new.confirmed_at_ms:
        freed = after(old, commands.FreeExchange(new.order_id))
        assert freed is not None, "an exchange that comes to nothing can always be freed"
        yield freed, new
        yield freed, after(new, commands.ExchangeEnded(ExchangeStatus.FREED)) or new
        return
    ended = after(old, commands.EndExchange(new.order_id, GIVEN, new.exchange.pays_minor, new.exchange.terms))
    if ended is None:
        freed = after(old, commands.FreeExchange(new.order_id))
        assert freed is not None
        yield freed, new
        yield freed, after(new, commands.ExchangeLost()) or new
        return
    yield ended, new
    yield ended, after(new, commands.ExchangeEnded(ExchangeStatus.DONE)) or new


@cache
def reachable(price: int) -> frozenset[Pair]:
    found: set[Pair] = set()
    waiting = [an_exchange(price)]
    while waiting:
        pair = waiting.pop()
        if pair in found:
            continue
        found.add(pair)
        waiting += [*of_the_new(*pair), *of_the_old(*pair), *settled(*pair)]
    return frozenset(found)


DEARER, SAME, CHEAPER = 4_000, 2_500, 1_000


def all_pairs() -> Iterator[Pair]:
    for price in (DEARER, SAME, CHEAPER):
        yield from reachable(price)


def status_of_given(old: Order) -> LineStatus:
    return old.lines[0].status


def test_r2_9_the_old_ticket_ends_exactly_when_the_new_order_has_its_own() -> None:
    for old, new in all_pairs():
        assert new.exchange is not None
        given = given_for(old, new.order_id)
        if new.exchange.status is ExchangeStatus.DONE:
            assert new.confirmed_at_ms
            assert status_of_given(old) is not LineStatus.VALID, "never both valid"
        if given is not None and given.status is ExchangeStatus.DONE:
            assert new.confirmed_at_ms, "never both lost"
        if new.exchange.status is ExchangeStatus.FREED:
            assert given is None or given.status is ExchangeStatus.FREED
            assert new.state is not OrderState.CONFIRMED, "what is not given for it, does not pay it"
            assert not [one for one in old.refunds if one.act_id == new.order_id]


def test_r5_9_what_pays_the_new_order_is_taken_from_the_old_one_once_and_the_rest_goes_back() -> None:
    for old, new in all_pairs():
        assert new.exchange is not None
        of_exchange = [one for one in old.refunds if one.act_id == new.order_id]
        moved = sum(one.amount_minor for one in of_exchange if one.route is RefundRoute.EXCHANGE)
        back = sum(one.amount_minor for one in of_exchange if one.route is RefundRoute.ORIGIN)
        is_whole = old.payment is not PaymentStatus.REFUNDED
        if new.exchange.status is ExchangeStatus.DONE and is_whole:
            assert (moved, moved + back) == (new.exchange.pays_minor, new.exchange.value_minor)
        assert moved in {0, new.exchange.pays_minor} or not is_whole
        assert old.unclaimed_minor >= 0
        assert sum(one.amount_minor for one in old.refunds if one.state is RefundState.DONE) <= old.total.amount_minor


def test_while_an_exchange_is_open_nobody_else_ends_its_tickets() -> None:
    for old, new in all_pairs():
        given = given_for(old, new.order_id)
        if given is not None and given.status is ExchangeStatus.OPEN and old.state is OrderState.CONFIRMED:
            assert status_of_given(old) is LineStatus.VALID
            for command in (commands.RefundOrder(""), commands.ActOnLines(GIVEN, cancel=True)):
                assert isinstance(decide(old, command, NOW_MS), Refusal)


def test_wherever_a_new_order_has_ended_its_exchange_ends_by_the_saga_alone() -> None:
    for start in all_pairs():
        pair = start
        while steps := list(settled(*pair)):
            assert steps[-1] != pair
            pair = steps[-1]
        assert not may_settle_exchange(pair[1])


def test_every_end_is_reached() -> None:
    for price in (DEARER, SAME, CHEAPER):
        ends = {new.exchange.status for _, new in reachable(price) if new.exchange is not None}
        assert ends == set(ExchangeStatus)
