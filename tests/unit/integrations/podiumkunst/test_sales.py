"""What is left of orders: tickets and recette by kind, whatever is refunded, and in whatever order it is told."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.prices import ComponentKind
from services.integrations.podiumkunst.domain.sales import (
    NOTHING,
    Kind,
    LinesCancelled,
    MoneyBack,
    OrderAccount,
    OrderBack,
    OrderFact,
    OrderSold,
    Seller,
    Sold,
    SoldLine,
    fold,
    left_of,
)

RECETTE = {ComponentKind.BASE.value, ComponentKind.THEATRE_SURCHARGE.value}


def line(kind: Kind = Kind.NORMAL, **parts: int) -> SoldLine:
    return SoldLine(kind, tuple(parts.items()))


def sold(*lines: SoldLine, seller: Seller | None = None) -> OrderSold:
    return OrderSold(seller or Seller("buyer"), "EUR", lines)


def account(*facts: OrderFact) -> OrderAccount:
    return reduce(fold, facts, OrderAccount())


def test_r0_13_recette_is_base_and_theatre_surcharge_and_no_other_fee() -> None:
    ticket = line(base=2_300, theatre_surcharge=200, wardrobe_fee=100, service_fee=150)
    assert left_of(account(sold(ticket))) == {Kind.NORMAL: Sold(1, 2_500)}


def test_r0_13_money_back_is_taken_from_recette_and_fees_by_what_each_cost() -> None:
    ticket = line(base=2_300, theatre_surcharge=200, wardrobe_fee=100, service_fee=150)
    half = left_of(account(sold(ticket), MoneyBack(1_375)))
    assert half == {Kind.NORMAL: Sold(1, 1_250)}, "half the money is half the recette, and the ticket stays"


def test_an_order_that_is_refunded_has_nothing_left_and_a_free_one_had_its_ticket() -> None:
    assert left_of(account(sold(line(Kind.FREE, base=0)))) == {Kind.FREE: Sold(1, 0)}
    assert left_of(account(sold(line(base=2_500)), OrderBack())) == {}
    assert left_of(account(OrderBack())) == {}


_PARTS = st.dictionaries(st.sampled_from([kind.value for kind in ComponentKind]), st.integers(0, 5_000), min_size=1)
_LINES = st.builds(lambda kind, parts: line(kind, **parts), st.sampled_from(Kind), _PARTS)
_SALES = st.lists(_LINES, min_size=1, max_size=6).map(lambda lines: sold(*lines))


@given(_SALES, st.lists(st.integers(1, 40_000).map(MoneyBack), max_size=3), st.booleans(), st.randoms())
def test_whatever_comes_twice_or_out_of_order_leaves_the_same(
    sale: OrderSold, back: list[MoneyBack], all_of_it: bool, random: object
) -> None:
    facts: list[OrderFact] = [sale, *back, *([OrderBack()] if all_of_it else [])]
    mixed = [*facts, *facts]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert account(*mixed) == account(*facts)


@given(_SALES, st.integers(0, 100_000))
def test_what_is_left_is_never_below_nothing_and_no_more_than_was_paid(sale: OrderSold, back_minor: int) -> None:
    left = left_of(account(sale, MoneyBack(back_minor)) if back_minor else account(sale))
    assert sum(one.tickets for one in left.values()) == len(sale.lines)
    total = sum(amount for each in sale.lines for _, amount in each.parts)
    recette = sum(amount for each in sale.lines for component, amount in each.parts if component in RECETTE)
    found = reduce(Sold.plus, left.values(), NOTHING).recette_minor
    assert max(0, recette - back_minor) <= found <= min(recette, max(0, total - back_minor))


def test_a_cancelled_ticket_counts_once_and_its_recette_stays_until_that_is_back() -> None:
    lines = (
        SoldLine(Kind.NORMAL, (("base", 2_000), ("service_fee", 500)), "A-1"),
        SoldLine(Kind.DISCOUNT, (("base", 1_000), ("service_fee", 500)), "A-2"),
    )
    account = fold(OrderAccount(), OrderSold(Seller(), "EUR", lines))
    cancelled = LinesCancelled((("A-1", Kind.NORMAL),))
    account = fold(fold(account, cancelled), cancelled)
    assert left_of(account) == {Kind.NORMAL: Sold(0, 2_000), Kind.DISCOUNT: Sold(1, 1_000)}
    account = fold(account, MoneyBack(2_000, (("A-1", 2_000),)))
    assert left_of(account) == {Kind.DISCOUNT: Sold(1, 1_000)}
