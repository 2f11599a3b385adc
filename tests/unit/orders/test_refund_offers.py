"""What a buyer would get back: by which rules, how much, until when, and why not (R2.10; docs/decisions/0055)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contracts.prices import ComponentKind
from services.orders.domain.buyer_policy import (
    DAY_MS,
    HOUR_MS,
    BuyerPolicy,
    RefundRules,
    RefundWish,
    RequestRule,
)
from services.orders.domain.order import Dispute, LineComponent, LineStatus, Money, Order, OrderLine, OrderState
from services.orders.domain.refund_offer import RefundFacts, ShowDates, offered
from services.orders.domain.refund_request import (
    RefundBasis,
    RefundRequest,
    RequestAct,
    RequestedPart,
    RequestState,
    after,
)
from services.orders.domain.refunds import LineRef, RefundRoute
from services.orders.domain.refusals import OrderNotConfirmed
from services.orders.domain.request_refusals import LinesNotHeld, OrderDisputed, RefundNotOffered, RefundRequestEnded
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NEXT_SHOW, NOW_MS, SHOW, an_order, two_parts

BEGINS = NOW_MS + 10 * DAY_MS
A1, A2 = LineRef(SHOW, "A-1"), LineRef(SHOW, "A-2")
MONEY, VOUCHER, NOTHING = RefundWish.MONEY, RefundWish.VOUCHER, RefundWish.NOTHING
ALL = (MONEY, VOUCHER, NOTHING)


def sold(**changes: object) -> Order:
    return an_order(state=OrderState.CONFIRMED, **changes)  # type: ignore[arg-type]


def rules(rule: RequestRule = RequestRule.GRANTED, version: int = 1, **changes: object) -> BuyerPolicy:
    return BuyerPolicy(replace(RefundRules(rule, wishes=ALL), **changes), version=version)  # type: ignore[arg-type]


def facts(
    now: BuyerPolicy, purchase: BuyerPolicy | None = None, shows: tuple[str, ...] = (SHOW,), **dates: int
) -> RefundFacts:
    of_each = dict.fromkeys(shows, replace(ShowDates(BEGINS), **dates))
    return RefundFacts(of_each, dict.fromkeys(shows, now), dict.fromkeys(shows, purchase or BuyerPolicy()))


def of(
    now: BuyerPolicy,
    purchase: BuyerPolicy | None = None,
    *,
    wish: RefundWish = MONEY,
    order: Order | None = None,
    at: int = NOW_MS,
    **dates: int,
) -> RequestedPart | Refusal:
    found = offered(order or sold(), (A1, A2), (), wish, facts(now, purchase, (SHOW,), **dates), at)
    return found if isinstance(found, Refusal) else found[0]


def part_of(*args: BuyerPolicy, **more: object) -> RequestedPart:
    found = of(*args, **more)  # type: ignore[arg-type]
    assert isinstance(found, RequestedPart), found
    return found


def problem_of(*args: BuyerPolicy, **more: object) -> str:
    found = of(*args, **more)  # type: ignore[arg-type]
    assert isinstance(found, RefundNotOffered), found
    return found.problems[0]


def test_all_comes_back_where_nothing_is_kept() -> None:
    part = part_of(rules())
    assert (part.back_minor, part.kept_minor, part.rule) == (5_000, 0, RequestRule.GRANTED)
    assert (part.basis, part.policy_version, part.until_ms) == (RefundBasis.NOW, 1, BEGINS)


def test_a_fee_and_a_share_of_each_ticket_stay_with_the_house_and_an_odd_cent_is_the_buyers() -> None:
    part = part_of(rules(fee_minor=300, keep_basis_points=1_001))
    assert (part.back_minor, part.kept_minor) == (2 * (2_500 - 300 - 250), 2 * 550)


def test_a_fee_larger_than_the_ticket_leaves_nothing_and_is_told_so() -> None:
    assert problem_of(rules(fee_minor=3_000)) == f"{SHOW}: nothing would come back"


def test_a_voucher_has_no_fee_and_a_gift_nothing_back() -> None:
    terms = rules(fee_minor=300)
    assert part_of(terms, wish=VOUCHER).back_minor == 5_000
    assert (part_of(terms, wish=NOTHING).back_minor, part_of(terms, wish=NOTHING).kept_minor) == (0, 5_000)


def test_parts_of_the_price_stay_with_the_house() -> None:
    components = (LineComponent(ComponentKind.BASE, 2_000), LineComponent(ComponentKind.SERVICE_FEE, 500))
    line = OrderLine("A-1", "stalls", "normal", Money(2_500, "EUR"), components=components)
    order = sold()
    order = replace(order, parts=(replace(order.first, lines=(line,)),), total=Money(2_500, "EUR"))
    found = offered(order, (A1,), (), MONEY, facts(rules(keep=frozenset({ComponentKind.SERVICE_FEE}))), NOW_MS)
    assert not isinstance(found, Refusal)
    assert (found[0].back_minor, found[0].kept_minor) == (2_000, 500)


def test_r2_10_who_cannot_come_on_the_new_date_may_ask_for_the_money_until_the_date_that_the_house_set() -> None:
    never, until = BuyerPolicy(), NOW_MS + DAY_MS
    part = part_of(never, refund_until_ms=until)
    assert (part.basis, part.rule, part.back_minor, part.until_ms) == (
        RefundBasis.MOVED,
        RequestRule.GRANTED,
        5_000,
        until,
    )
    assert problem_of(never, refund_until_ms=until, at=until).startswith(f"{SHOW}: it could be asked until ")


def test_a_cancelled_performance_is_given_back_whole_for_so_many_days() -> None:
    terms = rules(RequestRule.ASKED, fee_minor=300, cancelled_days=30)
    cancelled_at = BEGINS - HOUR_MS
    part = part_of(terms, cancelled_at_ms=cancelled_at, at=BEGINS + DAY_MS)
    assert (part.basis, part.rule, part.back_minor) == (RefundBasis.CANCELLED, RequestRule.GRANTED, 5_000)
    late = problem_of(terms, cancelled_at_ms=cancelled_at, at=cancelled_at + 30 * DAY_MS)
    assert late.startswith(f"{SHOW}: it could be asked until ")


@pytest.mark.parametrize(
    ("now", "purchase", "basis"),
    [
        (rules(RequestRule.ASKED), rules(RequestRule.GRANTED), RefundBasis.PURCHASE),
        (rules(RequestRule.GRANTED), rules(RequestRule.ASKED), RefundBasis.NOW),
        (rules(fee_minor=500), rules(fee_minor=100), RefundBasis.PURCHASE),
        (rules(fee_minor=100), rules(fee_minor=500), RefundBasis.NOW),
        (rules(), rules(), RefundBasis.NOW),
        (rules(RequestRule.NEVER), rules(RequestRule.ASKED), RefundBasis.PURCHASE),
        (rules(until_hours_before=10_000), rules(RequestRule.ASKED), RefundBasis.PURCHASE),
        (rules(wishes=(VOUCHER,)), rules(RequestRule.ASKED), RefundBasis.PURCHASE),
    ],
)
def test_the_rules_of_the_purchase_hold_where_they_are_better_for_the_buyer(
    now: BuyerPolicy, purchase: BuyerPolicy, basis: RefundBasis
) -> None:
    assert part_of(now, purchase).basis is basis


def test_why_nothing_is_offered_is_told_with_the_facts() -> None:
    assert problem_of(BuyerPolicy()) == f"{SHOW}: the house gives nothing back by request"
    last = BEGINS - 48 * HOUR_MS
    assert problem_of(rules(until_hours_before=48), at=last).startswith(f"{SHOW}: it could be asked until 20")
    assert isinstance(of(rules(until_hours_before=48), at=last - 1), RequestedPart)
    assert problem_of(rules(wishes=(VOUCHER,))) == f"{SHOW}: the house offers VOUCHER"


def test_nobody_is_given_back_what_is_disputed_or_not_theirs_or_not_valid() -> None:
    assert isinstance(of(rules(), order=sold(dispute=Dispute.OPEN)), OrderDisputed)
    assert isinstance(of(rules(), order=an_order()), OrderNotConfirmed)
    assert isinstance(offered(sold(), (A1,), (A1, A2), MONEY, facts(rules()), NOW_MS), LinesNotHeld)
    assert isinstance(offered(sold(), (), (), MONEY, facts(rules()), NOW_MS), LinesNotHeld)
    order = sold()
    lines = (replace(order.lines[0], status=LineStatus.CANCELLED), order.lines[1])
    order = replace(order, parts=(replace(order.first, lines=lines),))
    assert isinstance(offered(order, (A1, A2), (A1,), MONEY, facts(rules()), NOW_MS), LinesNotHeld)
    assert part_of(rules(), order=order).seat_ids == ("A-2",)


def test_several_performances_are_given_back_all_or_none() -> None:
    order = sold(parts=two_parts())
    held = (A1, A2, LineRef(NEXT_SHOW, "A-1"))
    both = facts(rules(), shows=(SHOW, NEXT_SHOW))
    found = offered(order, held, (), MONEY, both, NOW_MS)
    assert not isinstance(found, Refusal)
    assert [(part.performance_id, part.back_minor) for part in found] == [(SHOW, 5_000), (NEXT_SHOW, 1_000)]
    one_never = replace(both, now={SHOW: rules(), NEXT_SHOW: BuyerPolicy()})
    assert offered(order, held, (), MONEY, one_never, NOW_MS) == RefundNotOffered(
        order.order_id, (f"{NEXT_SHOW}: the house gives nothing back by request",)
    )


def a_request(state: RequestState = RequestState.ASKED, wish: RefundWish = MONEY) -> RefundRequest:
    parts = (part_of(rules()), replace(part_of(rules()), performance_id=NEXT_SHOW))
    return RefundRequest("rfr_1", "house_a", "ord_1", wish, parts, "EUR", NOW_MS, state)


ENDS = {
    RequestAct.GRANT: RequestState.GRANTED,
    RequestAct.DECLINE: RequestState.DECLINED,
    RequestAct.WITHDRAW: RequestState.WITHDRAWN,
    RequestAct.OVERTAKE: RequestState.WITHDRAWN,
}


@pytest.mark.parametrize("act", RequestAct)
@pytest.mark.parametrize("state", RequestState)
def test_every_act_in_every_state_ends_a_request_once(state: RequestState, act: RequestAct) -> None:
    told = after(a_request(state), act)
    if state in {RequestState.ASKED, ENDS[act]}:
        assert told is ENDS[act]
    else:
        assert told == RefundRequestEnded("rfr_1", state.value)


def test_each_performance_is_an_act_of_its_own_on_valid_tickets_and_money_goes_the_wished_way() -> None:
    acts = a_request().acts()
    assert [(act.act_id, act.cancel, act.only_valid) for act in acts] == [
        ("rfr_1", True, True),
        ("rfr_1.1", True, True),
    ]
    routes = {
        wish: None if (terms := a_request(wish=wish).acts()[0].refund) is None else terms.route for wish in RefundWish
    }
    assert routes == {MONEY: RefundRoute.ORIGIN, VOUCHER: RefundRoute.VOUCHER, NOTHING: None}
