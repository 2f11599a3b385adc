"""Movements of an order (INV-7): they add up to what is left, whatever comes twice, late or in another order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.reporting.domain.facts import BackPart, LineBack, LinesCancelled, SalePartlyRefunded, SaleRefunded
from services.reporting.domain.ledger import (
    LineMovement,
    OrderAccount,
    OrderFact,
    OrderSold,
    Part,
    Sale,
    SoldLine,
    fold_order,
)

PLACE = ("house_1", "p1", "o1")


def line(*parts: tuple[str, int, int], discount_minor: int = 0) -> SoldLine:
    made_of = tuple(Part(name, "low", 900, amount, vat) for name, amount, vat in parts)
    amount_minor = sum(part.amount_minor for part in made_of)
    return SoldLine("s", "A", "normal", "normal", amount_minor, discount_minor, "", "", made_of)


TWO = (line(("base", 1000, 83), ("service_fee", 101, 17)), line(("base", 500, 41), discount_minor=100))


def sold(lines: Sequence[SoldLine] = TWO, at_ms: int = 1) -> OrderSold:
    return OrderSold(*PLACE, Sale(Channel.ONLINE, "EUR", "buyer", "", "cus_1", tuple(lines), at_ms))


def partly(back_minor: int, at_ms: int = 2) -> SalePartlyRefunded:
    return SalePartlyRefunded(*PLACE, refunded_minor=back_minor, at_ms=at_ms)


def refunded(at_ms: int = 3) -> SaleRefunded:
    return SaleRefunded(*PLACE, at_ms=at_ms)


def folded(facts: Iterable[OrderFact]) -> list[LineMovement]:
    account, found = OrderAccount(), list[LineMovement]()
    for fact in facts:
        account, movements = fold_order(account, fact)
        found += movements
    return found


def amounts(movements: Iterable[LineMovement]) -> list[tuple[int, int, int, int]]:
    return [(one.line, one.tickets, one.amount_minor, one.at_ms) for one in movements]


def left(movements: Iterable[LineMovement]) -> tuple[int, int, int, int]:
    """Tickets, money, its tax, discounts."""
    found = list(movements)
    return (
        sum(one.tickets for one in found),
        sum(one.amount_minor for one in found),
        sum(one.vat_minor for one in found),
        sum(one.discount_minor for one in found),
    )


def test_a_sale_moves_each_of_its_tickets() -> None:
    found = folded([sold()])
    assert amounts(found) == [(0, 1, 1101, 1), (1, 1, 500, 1)]
    assert left(found) == (2, 1601, 141, 100)


def test_a_part_that_goes_back_takes_money_and_its_tax_and_no_ticket() -> None:
    found = folded([sold(), partly(160)])
    assert amounts(found[2:]) == [(0, 0, -110, 2), (1, 0, -50, 2)]
    # Of 110 the base gave 99 and the fee 11; a tenth of their tax with them, rounded down.
    assert [one.parts for one in found[2:]] == [
        (Part("base", "low", 900, -99, -8), Part("service_fee", "low", 900, -11, -1)),
        (Part("base", "low", 900, -50, -4),),
    ]
    assert left(found) == (2, 1441, 141 - 13, 100)


def test_parts_are_told_as_they_grow_and_only_the_difference_moves() -> None:
    found = folded([sold(), partly(160), partly(300), partly(200)])
    assert left(found)[1] == 1601 - 300
    assert len({one.number for one in found}) == 3


def test_a_whole_refund_leaves_nothing_at_all() -> None:
    parts: list[list[OrderFact]] = [[], [partly(160), partly(700)], [partly(1601)]]
    for backs in parts:
        assert left(folded([sold(), *backs, refunded()])) == (0, 0, 0, 0)


def test_what_came_before_the_sale_is_told_once_it_is_known() -> None:
    unknown: list[OrderFact] = [refunded(), partly(160)]
    assert folded(unknown) == []
    found = folded([partly(160), refunded(), sold()])
    assert amounts(found) == [
        (0, 1, 1101, 1),
        (1, 1, 500, 1),
        (0, 0, -110, 2),
        (1, 0, -50, 2),
        (0, -1, -991, 3),
        (1, -1, -450, 3),
    ]


def test_a_free_ticket_comes_back_without_money() -> None:
    found = folded([sold([line(("base", 0, 0))]), partly(5), refunded()])
    assert amounts(found) == [(0, 1, 0, 1), (0, -1, 0, 3)]


def test_no_more_goes_back_than_was_paid() -> None:
    assert left(folded([sold(), partly(5_000)])) == (2, 0, 0, 100)


amount = st.integers(0, 5_000)
parts = st.lists(st.tuples(st.sampled_from(["base", "service_fee"]), amount, amount), min_size=1, max_size=3)
lines = st.lists(
    parts.map(lambda found: line(*((name, money, min(vat, money)) for name, money, vat in found))),
    min_size=1,
    max_size=4,
)


@given(lines, st.lists(st.integers(1, 20_000), max_size=3), st.booleans())
def test_in_any_order_and_however_often_the_same_is_left(
    sold_lines: list[SoldLine], backs: list[int], is_refunded: bool
) -> None:
    facts: list[OrderFact] = [sold(sold_lines), *map(partly, sorted(backs)), *([refunded()] if is_refunded else [])]
    expected = folded(facts)
    for order in list(permutations(facts))[:24]:
        again = folded([*order, *facts])
        assert left(again) == left(expected)
        keys = [(one.number, one.line) for one in again]
        assert len(set(keys)) == len(keys), "two movements of one place"
    whole = sum(each.amount_minor for each in sold_lines)
    back = whole if is_refunded else min(max(backs, default=0), whole)
    assert left(expected)[1] == whole - back
    by_line = [sum(one.amount_minor for one in expected if one.line == place) for place in range(len(sold_lines))]
    assert all(0 <= amount <= each.amount_minor for amount, each in zip(by_line, sold_lines, strict=True))
    for one in expected:
        assert one.amount_minor == sum(part.amount_minor for part in one.parts)


@given(lines, st.integers(1, 20_000))
def test_no_part_ever_has_more_tax_than_money_left(sold_lines: list[SoldLine], back: int) -> None:
    found = folded([sold(sold_lines), partly(back)])
    for place, each in enumerate(sold_lines):
        mine = [one for one in found if one.line == place]
        for part in range(len(each.parts)):
            money = sum(one.parts[part].amount_minor for one in mine)
            vat = sum(one.parts[part].vat_minor for one in mine)
            assert 0 <= vat <= money


APART = (replace(TWO[0], seat_id="s1"), replace(TWO[1], seat_id="s2"))


def cancelled(*seats: str, at_ms: int = 2) -> LinesCancelled:
    return LinesCancelled(*PLACE, tuple((seat, "A") for seat in seats), at_ms)


def test_a_cancelled_ticket_is_counted_once_and_its_money_stays_until_it_is_back() -> None:
    movements = folded([sold(APART), cancelled("s1"), cancelled("s1")])
    assert [(one.tickets, one.amount_minor) for one in movements[2:]] == [(-1, 0)]


def test_money_that_is_told_by_line_and_component_is_taken_of_these() -> None:
    first = APART[0]
    base = first.parts[0]
    told = (LineBack(first.seat_id, (BackPart(base.component, base.amount_minor, base.vat_minor),)),)
    fact = replace(partly(base.amount_minor), lines=told)
    moved = folded([sold(APART), cancelled("s1"), fact])[3:]
    assert [(one.line, one.tickets, one.amount_minor, one.vat_minor) for one in moved] == [
        (0, 0, -base.amount_minor, -base.vat_minor)
    ]
