"""Facts into totals: refunds, order of arrival, duplicates; and the fold against an independent recompute."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.reporting.domain.facts import (
    BackPart,
    Fact,
    LineBack,
    PerformanceDescribed,
    SaleConfirmed,
    SalePartlyRefunded,
    SaleRefunded,
    SeatsCounted,
    TicketsSold,
)
from services.reporting.domain.totals import CurrencyDiffers, LineFigures, LineKey, OrderFigures, Totals, fold


def described(
    sequence: int = 1, *, capacity: int = 100, currency: str = "EUR", at_ms: int = 10
) -> PerformanceDescribed:
    return PerformanceDescribed("house", "perf", sequence, f"title {sequence}", capacity, currency, at_ms)


def counted(epoch: int, version: int, *, free: int = 90, held: int = 4, claimed: int = 3) -> SeatsCounted:
    sold = 100 - free - held - claimed - 1
    return SeatsCounted("house", "perf", epoch, version, free, held, claimed, sold, 1, 100, epoch * 1000 + version)


def confirmed(
    order_id: str,
    *lines: tuple[str, int, int],
    channel: Channel = Channel.ONLINE,
    currency: str = "EUR",
    at_ms: int = 20,
) -> SaleConfirmed:
    sold = tuple(TicketsSold(*line) for line in lines or (("A", 2, 5000),))
    return SaleConfirmed("house", "perf", order_id, channel, currency, sold, at_ms)


def refunded(order_id: str, at_ms: int = 30) -> SaleRefunded:
    return SaleRefunded("house", "perf", order_id, at_ms)


def partly(order_id: str, refunded_minor: int, at_ms: int = 25) -> SalePartlyRefunded:
    return SalePartlyRefunded("house", "perf", order_id, refunded_minor, at_ms)


def folded(facts: Iterable[Fact]) -> Totals:
    totals = Totals("house", "perf")
    orders: dict[str, OrderFigures] = {}
    for fact in facts:
        order_id = fact.order_id if isinstance(fact, SaleConfirmed | SalePartlyRefunded | SaleRefunded) else None
        totals, order = fold(totals, orders.get(order_id) if order_id else None, fact)
        if order is not None:
            orders[order.order_id] = order
    return totals


def test_a_sale_is_told_apart_by_category_and_channel() -> None:
    sales = [
        confirmed("o1", ("A", 2, 5000), ("B", 1, 1500)),
        confirmed("o2", ("A", 1, 2500)),
        confirmed("o3", ("A", 3, 7500), channel=Channel.BOX_OFFICE),
    ]
    totals = folded(sales)
    assert totals.lines == {
        LineKey("A", Channel.ONLINE): LineFigures(3, 7500),
        LineKey("B", Channel.ONLINE): LineFigures(1, 1500),
        LineKey("A", Channel.BOX_OFFICE): LineFigures(3, 7500),
    }
    assert (totals.sold, totals.revenue_minor, totals.currency, totals.orders_confirmed) == (7, 16_500, "EUR", 3)


def test_figures_are_cumulative_and_fall_with_a_refund() -> None:
    """R0.3: day 1 sells 40, day 2 sells 15 and refunds 5: 40, then 50."""
    first = [confirmed(f"first{n}", ("A", 5, 500)) for n in range(8)]
    second = [confirmed(f"second{n}", ("A", 5, 500)) for n in range(3)]
    assert folded(first).sold == 40
    assert folded([*first, *second, refunded("first0")]).sold == 50


def test_a_part_that_went_back_lowers_revenue_and_sells_no_ticket_less() -> None:
    totals = folded([confirmed("o1", ("A", 2, 5000)), confirmed("o2"), partly("o1", 1000), partly("o1", 1500)])
    assert (totals.sold, totals.revenue_minor) == (4, 8500)


def test_a_part_is_shared_out_over_the_lines_by_what_they_cost() -> None:
    totals = folded([confirmed("o1", ("A", 2, 5000), ("B", 1, 2500), ("C", 1, 0)), partly("o1", 1000)])
    revenues = {key.category: line.revenue_minor for key, line in totals.lines.items()}
    assert revenues == {"A": 4334, "B": 2166, "C": 0}


def told_back(**minor: int) -> tuple[LineBack, ...]:
    return tuple(
        LineBack(f"seat_{category}", (BackPart("BASE", amount, 0),), category) for category, amount in minor.items()
    )


@pytest.mark.parametrize("is_early", [False, True])
def test_r5_8_what_went_back_of_a_told_line_is_taken_of_its_category_and_of_no_other(is_early: bool) -> None:
    sale = confirmed("o1", ("STANDARD", 1, 5_000), ("VIP", 1, 10_000))
    back = replace(partly("o1", 10_000), lines=told_back(VIP=10_000))
    totals = folded([back, sale] if is_early else [sale, back, back])
    assert {key.category: line.revenue_minor for key, line in totals.lines.items()} == {"STANDARD": 5_000, "VIP": 0}
    more = replace(partly("o1", 12_000), lines=told_back(STANDARD=2_000, VIP=10_000))
    totals = folded([more, back, sale] if is_early else [sale, back, more])
    assert {key.category: line.revenue_minor for key, line in totals.lines.items()} == {"STANDARD": 3_000, "VIP": 0}


def test_what_a_release_before_told_without_categories_is_shared_out_still() -> None:
    back = replace(partly("o1", 1_500), lines=(LineBack("a", (BackPart("BASE", 1_500, 0),)),))
    totals = folded([confirmed("o1", ("A", 1, 5_000), ("B", 1, 10_000)), back])
    assert {key.category: line.revenue_minor for key, line in totals.lines.items()} == {"A": 4_500, "B": 9_000}


@pytest.mark.parametrize("facts", [("c", "p", "r"), ("p", "c", "r"), ("c", "r", "p"), ("r", "p", "c")])
def test_parts_and_the_whole_may_come_in_any_order(facts: tuple[str, ...]) -> None:
    told: dict[str, Fact] = {"c": confirmed("o1"), "p": partly("o1", 1000), "r": refunded("o1")}
    totals = folded(told[name] for name in facts for _ in range(2))
    assert (totals.sold, totals.revenue_minor, totals.orders_refunded) == (0, 0, 1)
    before = [told[name] for name in facts if name != "r"]
    assert (folded(before).sold, folded(before).revenue_minor) == (2, 4000)


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=6),
    st.lists(st.integers(1, 60_000), max_size=5),
)
def test_what_the_lines_keep_adds_up_to_what_the_order_kept(prices: list[int], parts: list[int]) -> None:
    lines = [(f"c{number}", 1, price) for number, price in enumerate(prices)]
    totals = folded([confirmed("o1", *lines), *(partly("o1", part) for part in parts)])
    back = min(max(parts, default=0), sum(prices))
    assert totals.revenue_minor == sum(prices) - back
    assert all(line.revenue_minor >= 0 for line in totals.lines.values())
    assert totals.sold == len(prices)


def test_a_line_whose_last_ticket_was_refunded_is_gone() -> None:
    totals = folded([confirmed("o1"), refunded("o1")])
    assert (totals.lines, totals.orders_confirmed, totals.orders_refunded) == ({}, 1, 1)


def test_a_refund_of_an_order_that_never_was_confirmed_changes_no_sold_figure() -> None:
    totals = folded([confirmed("o1"), refunded("late")])
    assert (totals.sold, totals.revenue_minor, totals.orders_refunded) == (2, 5000, 1)


def test_a_sale_that_arrives_after_its_own_refund_is_not_sold() -> None:
    assert folded([refunded("o1"), confirmed("o1")]) == folded([confirmed("o1"), refunded("o1")])


def test_a_free_ticket_is_sold_and_brings_no_revenue() -> None:
    totals = folded([confirmed("o1", ("A", 1, 0))])
    assert (totals.sold, totals.revenue_minor) == (1, 0)
    assert not folded([confirmed("o1", ("A", 1, 0)), refunded("o1")]).lines


def test_an_orders_event_may_come_before_the_performances() -> None:
    totals = folded([confirmed("o1"), described(capacity=100)])
    assert (totals.capacity, totals.sold, totals.free) == (100, 2, 98)


def test_the_catalogues_later_word_holds_whichever_comes_first() -> None:
    one, two = described(1, capacity=100), described(2, capacity=120)
    assert folded([one, two]) == folded([two, one])
    assert folded([two, one]).capacity == 120


@pytest.mark.parametrize(("older", "newer"), [((1, 1), (1, 2)), ((1, 900), (2, 1)), ((2, 1), (10, 1))])
def test_the_counts_of_the_highest_epoch_and_version_hold(older: tuple[int, int], newer: tuple[int, int]) -> None:
    old, new = counted(*older, free=50), counted(*newer, free=40)
    assert folded([old, new]).free == folded([new, old]).free == 40


def test_held_and_claimed_seats_are_told_together() -> None:
    totals = folded([counted(1, 1, held=4, claimed=3)])
    assert (totals.held, totals.blocked, totals.capacity) == (7, 1, 100)


def test_a_sale_in_another_currency_is_a_fault_and_not_added_up() -> None:
    with pytest.raises(CurrencyDiffers):
        folded([described(currency="EUR"), confirmed("o1", currency="SEK")])


def test_a_foreign_fact_is_never_folded() -> None:
    with pytest.raises(AssertionError):
        fold(Totals("house", "perf"), None, replace(confirmed("o1"), house_id="other"))


ORDERS = ("o1", "o2", "o3", "o4")
# What an order says is fixed, however often it is told.
SALES = {
    order_id: confirmed(order_id, *lines, channel=channel, at_ms=100 + number)
    for number, (order_id, channel, lines) in enumerate(
        [
            ("o1", Channel.ONLINE, [("A", 2, 5000)]),
            ("o2", Channel.ONLINE, [("A", 1, 0), ("B", 3, 900)]),
            ("o3", Channel.BOX_OFFICE, [("A", 1, 2500)]),
            ("o4", Channel.BACKEND, [("B", 6, 1800)]),
        ]
    )
}
EVERY_FACT: Sequence[Fact] = [
    *SALES.values(),
    *(refunded(order_id, at_ms=200 + number) for number, order_id in enumerate(ORDERS)),
    *(described(sequence, capacity=100 + sequence, at_ms=sequence) for sequence in (1, 2, 3)),
    *(counted(epoch, version, free=80 - version) for epoch in (1, 2) for version in (1, 2)),
]


def recomputed(facts: Iterable[Fact]) -> Totals:
    """The totals from the set of facts, without fold: the independent answer."""
    known = set(facts)
    sales = {fact.order_id: fact for fact in known if isinstance(fact, SaleConfirmed)}
    refunds = {fact.order_id for fact in known if isinstance(fact, SaleRefunded)}
    tickets: Counter[LineKey] = Counter()
    revenue: Counter[LineKey] = Counter()
    for order_id in sales.keys() - refunds:
        for line in sales[order_id].lines:
            key = LineKey(line.category, sales[order_id].channel)
            tickets[key] += line.tickets
            revenue[key] += line.revenue_minor
    words = [fact for fact in known if isinstance(fact, PerformanceDescribed)]
    counts = [fact for fact in known if isinstance(fact, SeatsCounted)]
    return Totals(
        "house",
        "perf",
        described=max(words, key=lambda word: word.sequence, default=None),
        counted=max(counts, key=lambda count: (count.epoch, count.version), default=None),
        currency="EUR" if words or sales else "",
        lines={key: LineFigures(tickets[key], revenue[key]) for key in tickets},
        orders_confirmed=len(sales),
        orders_refunded=len(refunds),
        orders_at_ms=max((f.at_ms for f in known if isinstance(f, SaleConfirmed | SaleRefunded)), default=0),
    )


@given(st.lists(st.sampled_from(EVERY_FACT), max_size=40))
def test_totals_equal_a_recompute_whatever_the_order_and_however_often(facts: list[Fact]) -> None:
    assert folded(facts) == recomputed(facts)


@given(st.lists(st.sampled_from(EVERY_FACT), unique=True), st.data())
def test_duplicates_and_reordering_change_nothing(facts: list[Fact], data: st.DataObject) -> None:
    again = data.draw(st.permutations([*facts, *facts]))
    assert folded(again) == folded(facts)
