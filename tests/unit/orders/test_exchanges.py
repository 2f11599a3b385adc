"""Tickets are exchanged for a new order: the old ones are good until the new ones are there, and never both (R2.9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from services.orders.domain.buyer_policy import HOUR_MS, ExchangeRules, RequestRule
from services.orders.domain.commands import ActOnLines, RefundOrder, RefundTerms
from services.orders.domain.exchange_refusals import (
    ExchangedTooOften,
    ExchangeNotLet,
    ExchangeOver,
    ExchangeTooLate,
    LinesInExchange,
    OrderNotExchangeable,
    TicketsEnded,
)
from services.orders.domain.exchange_rules import GivenUp, buyers_terms
from services.orders.domain.exchanges import ExchangeStatus, ExchangeTerms
from services.orders.domain.order import Instrument, LineStatus, Order, OrderState
from services.orders.domain.refunds import LineRef, RefundRoute, RefundState
from services.orders.domain.refusals import CustomerLimitReached, LinesUnknown, OrderNotConfirmed, OrderNotFound
from services.orders.domain.uses import customer_use
from services.orders.handlers.order_request import ExchangeRequest
from services.orders.ports import Operation
from services.runtime.call_context import CallContext, enter_call
from services.runtime.errors import Refusal
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.testing.eventually import eventually
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.builders import HOUSE, NOW_MS, SHOW, a_key, a_plan, an_offer
from tests.unit.orders.rig import Shop, World, answered, ref_of


def in_shop(story: Callable[[Shop], Awaitable[None]]) -> None:
    """Runs a story in one healthy process."""

    async def main() -> None:
        async with Shop(World()) as shop:
            await story(shop)

    run_virtual(main())


async def sold(shop: Shop, *seats: str, name: str = "1", ticket_type: str = "normal") -> Order:
    """A confirmed order."""
    order = await shop.checked_out(await shop.ordered(*seats, name=name, ticket_type=ticket_type))
    shop.world.payments.pay(shop.payment(order))
    return await shop.ended(order)


async def exchange(
    shop: Shop, old: Order, *given: str, wants: tuple[str, ...], name: str = "new", ticket_type: str = "normal"
) -> Order | Refusal:
    """An open order that these seats of the old one are given for."""
    asked = ExchangeRequest(old.order_id, tuple(LineRef(SHOW, seat) for seat in given))
    return await shop.try_ordered(*wants, name=name, ticket_type=ticket_type, exchange=asked)


async def settled(shop: Shop, order: Order) -> Order:
    """The order once its exchange has ended."""

    async def is_settled() -> bool:
        exchange = (await shop.read(order)).exchange
        return exchange is not None and exchange.status is not ExchangeStatus.OPEN

    await eventually(is_settled)
    return await shop.read(order)


def statuses(order: Order) -> dict[str, LineStatus]:
    return {line.seat_id: line.status for line in order.lines}


def test_a_seat_is_exchanged_for_one_of_the_same_price_and_nobody_pays() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        new = answered(await exchange(shop, old, "A-1", wants=("A-3",)))
        assert new.to_pay_minor == 0
        assert [(one.instrument, one.amount_minor) for one in new.charges] == [
            (Instrument.EXCHANGE, new.total.amount_minor)
        ]
        new = answered(await shop.try_check_out(new, url=""))
        new = await settled(shop, await shop.ended(new))
        assert new.state is OrderState.CONFIRMED
        assert new.exchange is not None
        assert new.exchange.status is ExchangeStatus.DONE
        await eventually(lambda: _is_released(shop, old, "A-1"))
        old = await shop.read(old)
        assert old.state is OrderState.CONFIRMED
        assert statuses(old) == {"A-1": LineStatus.RELEASED, "A-2": LineStatus.VALID}
        (refund,) = old.refunds
        assert (refund.route, refund.state, refund.act_id) == (RefundRoute.EXCHANGE, RefundState.DONE, new.order_id)
        assert refund.amount_minor == new.total.amount_minor

    in_shop(story)


async def _is_released(shop: Shop, order: Order, seat: str) -> bool:
    return statuses(await shop.read(order))[seat] is LineStatus.RELEASED


def test_a_dearer_seat_costs_the_difference_and_the_old_ticket_is_good_until_that_is_paid() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2", ticket_type="student")
        new = answered(await exchange(shop, old, "A-1", wants=("A-3",)))
        assert (new.total.amount_minor, new.to_pay_minor) == (2_500, 1_250)
        new = await shop.checked_out(new)
        assert new.state is OrderState.PAYING
        assert statuses(await shop.read(old)) == {"A-1": LineStatus.VALID, "A-2": LineStatus.VALID}
        shop.world.payments.pay(shop.payment(new))
        await settled(shop, await shop.ended(new))
        old = await shop.read(old)
        assert statuses(old)["A-1"] is not LineStatus.VALID
        assert [(one.route, one.amount_minor) for one in old.refunds] == [(RefundRoute.EXCHANGE, 1_250)]

    in_shop(story)


def test_the_difference_to_a_cheaper_seat_goes_back_by_where_it_came_from() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        new = answered(await exchange(shop, old, "A-1", wants=("A-3",), ticket_type="student"))
        assert (new.total.amount_minor, new.to_pay_minor) == (1_250, 0)
        await settled(shop, await shop.ended(answered(await shop.try_check_out(new, url=""))))
        await eventually(lambda: _all_is_back(shop, old))
        refunds = (await shop.read(old)).refunds
        assert [(one.route, one.amount_minor) for one in refunds] == [
            (RefundRoute.EXCHANGE, 1_250),
            (RefundRoute.ORIGIN, 1_250),
        ]
        assert (await shop.read(old)).unclaimed_minor == 2_500

    in_shop(story)


async def _all_is_back(shop: Shop, order: Order) -> bool:
    refunds = (await shop.read(order)).refunds
    return bool(refunds) and all(one.state is RefundState.DONE for one in refunds)


def test_an_exchange_that_is_not_paid_leaves_the_old_tickets_and_frees_them_for_another() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2", ticket_type="student")
        new = await shop.checked_out(answered(await exchange(shop, old, "A-1", wants=("A-3",))))
        shop.world.payments.decline(shop.payment(new))
        new = await settled(shop, await shop.ended(new))
        assert new.state is OrderState.CANCELLED
        assert new.exchange is not None
        assert new.exchange.status is ExchangeStatus.FREED
        assert statuses(await shop.read(old)) == {"A-1": LineStatus.VALID, "A-2": LineStatus.VALID}
        again = answered(await exchange(shop, old, "A-1", wants=("A-4",), name="again"))
        assert (await shop.checked_out(again)).state is OrderState.PAYING

    in_shop(story)


def test_of_two_exchanges_of_one_ticket_the_second_is_told_of_the_first() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2", ticket_type="student")
        first = answered(await exchange(shop, old, "A-1", wants=("A-3",), name="first"))
        second = answered(await exchange(shop, old, "A-1", "A-2", wants=("A-4",), name="second"))
        answers = await asyncio.gather(shop.try_check_out(first), shop.try_check_out(second))
        assert [answer for answer in answers if isinstance(answer, Refusal)] == [
            LinesInExchange(old.order_id, first.order_id)
        ]
        assert (await shop.read(second)).state is OrderState.OPEN
        third = await exchange(shop, old, "A-1", wants=("A-5",), name="third")
        assert third == LinesInExchange(old.order_id, first.order_id)

    in_shop(story)


def test_while_an_exchange_is_open_its_tickets_are_not_refunded_and_afterwards_there_is_nothing_left() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2", ticket_type="student")
        new = await shop.checked_out(answered(await exchange(shop, old, "A-1", wants=("A-3",))))
        locked = LinesInExchange(old.order_id, new.order_id)
        named = ActOnLines((LineRef(SHOW, "A-1"),), cancel=True, refund=RefundTerms())
        assert await act(shop, old, named, "named") == locked
        assert await act(shop, old, ActOnLines(refund=RefundTerms(), cancel=True), "all") == locked
        assert await act(shop, old, RefundOrder(""), "whole") == locked
        free = ActOnLines((LineRef(SHOW, "A-2"),), cancel=True, refund=RefundTerms())
        answered(await act(shop, old, free, "free"))
        shop.world.payments.pay(shop.payment(new))
        await settled(shop, await shop.ended(new))
        await eventually(lambda: _all_is_back(shop, old))
        assert (await shop.read(old)).state is OrderState.REFUNDED
        assert isinstance(await act(shop, old, named, "later"), OrderNotConfirmed)

    in_shop(story)


async def act(shop: Shop, order: Order, command: ActOnLines | RefundOrder, key: str) -> Order | Refusal:
    """The house acts on it."""
    return await shop.desk.act(ref_of(order), command, a_key(key, Operation.REFUND_LINES), 2.0)


def test_money_that_comes_after_the_exchange_was_freed_goes_back_and_sells_nothing() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", ticket_type="student")
        new = await shop.checked_out(answered(await exchange(shop, old, "A-1", wants=("A-3",))))
        answered(await shop.desk.cancel(ref_of(new), 2.0))
        await settled(shop, await shop.ended(new))
        shop.world.payments.pay(shop.payment(new))
        await eventually(lambda: _is(shop, new, OrderState.REFUNDED))
        assert not (await shop.read(new)).confirmed_at_ms
        assert (await shop.read(old)).state is OrderState.CONFIRMED
        assert shop.payment(old).refunded_minor == 0

    in_shop(story)


async def _is(shop: Shop, order: Order, state: OrderState) -> bool:
    return (await shop.read(order)).state is state


def test_a_new_order_that_is_refunded_gives_its_own_money_first_and_the_old_payment_gives_the_rest() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2", ticket_type="student")
        new = await shop.checked_out(answered(await exchange(shop, old, "A-1", wants=("A-3",))))
        shop.world.payments.pay(shop.payment(new))
        await settled(shop, await shop.ended(new))
        await eventually(lambda: _all_is_back(shop, old))
        assert shop.payment(old).moved == {shop.payment(new).payment_id: 1_250}
        answered(await act(shop, new, RefundOrder(""), "whole"))
        await eventually(lambda: _is(shop, new, OrderState.REFUNDED))
        assert shop.payment(old).moved == {shop.payment(new).payment_id: 0}
        assert shop.payment(old).refunded_minor == 1_250
        # The other ticket of the old order is as good as before.
        assert statuses(await shop.read(old))["A-2"] is LineStatus.VALID

    in_shop(story)


def test_tickets_that_were_exchanged_for_are_exchanged_again() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", ticket_type="student")
        new = await shop.checked_out(answered(await exchange(shop, old, "A-1", wants=("A-3",))))
        shop.world.payments.pay(shop.payment(new))
        new = await settled(shop, await shop.ended(new))
        last = answered(await exchange(shop, new, "A-3", wants=("A-4",), name="last"))
        assert last.to_pay_minor == 0
        await settled(shop, await shop.ended(answered(await shop.try_check_out(last, url=""))))
        await eventually(lambda: _is(shop, new, OrderState.REFUNDED))
        answered(await act(shop, last, RefundOrder(""), "whole"))
        await eventually(lambda: _is(shop, last, OrderState.REFUNDED))
        assert [shop.payment(one).refunded_minor for one in (old, new, last)] == [1_250, 2_500, 2_500]

    in_shop(story)


def test_where_the_old_money_is_gone_before_the_new_order_has_its_tickets_the_new_one_is_undone() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", ticket_type="student")
        new = await shop.checked_out(answered(await exchange(shop, old, "A-1", wants=("A-3",))))
        shop.world.payments.finish_refund(shop.payment(old))
        await eventually(lambda: _is(shop, old, OrderState.REFUNDED))
        shop.world.payments.pay(shop.payment(new))
        await eventually(lambda: _is(shop, new, OrderState.REFUNDED))
        assert [one.amount_minor for one in (await shop.read(new)).refunds] == [2_500]

    in_shop(story)


def test_only_valid_tickets_of_a_confirmed_order_are_exchanged() -> None:
    async def story(shop: Shop) -> None:
        unpaid = await shop.checked_out(await shop.ordered("B-1", name="unpaid"))
        refused = await exchange(shop, unpaid, "B-1", wants=("B-2",), name="early")
        assert refused == OrderNotExchangeable(unpaid.order_id, "PAYING")
        old = await sold(shop, "A-1", "A-2")
        assert isinstance(await exchange(shop, old, "A-9", wants=("B-3",), name="wrong"), LinesUnknown)
        answered(await act(shop, old, ActOnLines((LineRef(SHOW, "A-1"),), cancel=True), "cancel"))
        ended = await exchange(shop, old, "A-1", wants=("B-4",), name="ended")
        assert ended == TicketsEnded(old.order_id, ("A-1",))

    in_shop(story)


def test_a_check_out_that_comes_after_the_end_of_its_order_finds_that_the_exchange_is_over() -> None:
    """A process that stood still between reading the new order and locking the old one."""

    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1")
        new = answered(await exchange(shop, old, "A-1", wants=("A-3",)))
        answered(await shop.desk.cancel(ref_of(new), 2.0))
        await settled(shop, await shop.ended(new))
        assert await shop.exchanges.opened(new) == ExchangeOver(old.order_id, new.order_id)
        assert not [one for one in (await shop.read(old)).given if one.status is ExchangeStatus.OPEN]

    in_shop(story)


def test_whoever_has_as_many_as_the_house_allows_still_exchanges_one_for_another_of_the_same_evening() -> None:
    async def main() -> None:
        world = World()
        world.catalogue.put(HOUSE, replace(an_offer(), customer_limit=2), a_plan())
        async with Shop(world) as shop:
            old = await sold(shop, "A-1", "A-2")
            new = answered(await exchange(shop, old, "A-1", wants=("A-3",)))
            assert isinstance(await exchange(shop, old, "A-1", wants=("A-4", "A-5"), name="more"), CustomerLimitReached)
            await settled(shop, await shop.ended(answered(await shop.try_check_out(new, url=""))))
            counted = {(await shop.read(one)).uses for one in (old, new)}
            assert counted == {(customer_use(old.customer_id, SHOW, 1, 2),)}

    run_virtual(main())


RULES = ExchangeRules(RequestRule.GRANTED, until_hours_before=2, fee_minor=200)
DAY_MS = 86_400_000


def given(rules: ExchangeRules, starts_in_ms: int = DAY_MS) -> dict[str, GivenUp]:
    return {SHOW: GivenUp(SHOW, rules, NOW_MS + starts_in_ms)}


def test_a_house_that_has_said_nothing_lets_no_buyer_exchange_and_one_that_decides_itself_neither() -> None:
    for rule in (RequestRule.NEVER, RequestRule.ASKED):
        refused = buyers_terms("ord_1", 0, given(replace(RULES, rule=rule)), NOW_MS)
        assert refused == ExchangeNotLet(SHOW, rule.value)


def test_buyers_exchange_until_so_many_hours_before_and_are_told_until_when() -> None:
    assert buyers_terms("ord_1", 0, given(RULES, 2 * HOUR_MS + 1), NOW_MS) == ExchangeTerms(fee_minor=200)
    assert buyers_terms("ord_1", 0, given(RULES, 2 * HOUR_MS), NOW_MS) == ExchangeTooLate(SHOW, NOW_MS)


def test_tickets_are_exchanged_as_often_as_the_house_says_and_once_where_it_does_not() -> None:
    assert buyers_terms("ord_1", 1, given(RULES), NOW_MS) == ExchangedTooOften("ord_1", 1, 1)
    assert isinstance(buyers_terms("ord_1", 1, given(replace(RULES, most_times=2)), NOW_MS), ExchangeTerms)


def test_r5_9_a_buyer_exchanges_own_tickets_only_and_the_fee_of_the_house_is_kept() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        shop.world.policies.exchanges[SHOW] = RULES
        foreign = exchange(shop, old, "A-1", wants=("A-5",), name="foreign")
        assert await as_buyer("holder_other", foreign) == OrderNotFound(old.order_id)
        new = answered(await as_buyer(old.holder_id, exchange(shop, old, "A-1", wants=("A-3",))))
        assert (new.total.amount_minor, new.to_pay_minor) == (2_500, 200)
        new = await shop.checked_out(new)
        shop.world.payments.pay(shop.payment(new))
        await settled(shop, await shop.ended(new))
        await eventually(lambda: _all_is_back(shop, old))
        assert (await shop.read(old)).refunded.amount_minor == 2_300, "the fee stays with the house"
        again = await as_buyer(old.holder_id, exchange(shop, old, "A-2", wants=("A-4",), name="again"))
        assert again == ExchangedTooOften(old.order_id, 1, 1)

    in_shop(story)


async def as_buyer(holder_id: str, call: Awaitable[Order | Refusal]) -> Order | Refusal:
    """The answer to a call that a buyer makes."""

    async def called() -> Order | Refusal:
        entered = CallContext({}, None, RandomIds())
        entered.principal = Principal(PrincipalKind.BUYER, holder_id)
        enter_call(entered)
        return await call

    return await asyncio.create_task(called())
