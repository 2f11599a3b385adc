"""What credit notes take from an invoice: to the cent, amounts and tax, in however many steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.domain.invoice import (
    InvoiceLine,
    InvoicePart,
    PaidBack,
    VatSum,
    credited_lines,
    left_of,
    vat_sums,
)
from services.ticketing.domain.invoicing import Invoicing


def a_line(seat: str, *parts: InvoicePart, performance: str = "p1") -> InvoiceLine:
    return InvoiceLine(performance, seat, seat, "Stalls", "normal", parts)


BASE = InvoicePart("base", 2_500, "low", 900, 206)
FEE = InvoicePart("service_fee", 150, "high", 2_100, 26)
TWO = (a_line("A-1", BASE, FEE), a_line("A-2", BASE, FEE))


def test_the_whole_of_a_refund_is_the_whole_of_its_tax() -> None:
    back = credited_lines(TWO, (), PaidBack("r1", 5_300))
    assert back == TWO
    assert left_of(TWO, back) == ()


def test_a_refund_of_one_ticket_takes_from_that_line_alone() -> None:
    back = credited_lines(TWO, (), PaidBack("r1", 2_650, frozenset({("p1", "A-2")})))
    assert back == (TWO[1],)
    assert left_of(TWO, back) == (TWO[0],)


def test_a_fee_that_is_kept_leaves_its_share_and_the_tax_in_it() -> None:
    [back] = credited_lines(TWO, (), PaidBack("r1", 2_500, frozenset({("p1", "A-1")})))
    assert [part.amount_minor for part in back.parts] == [2_358, 142]
    # 206 * 2358 // 2500 and 26 * 142 // 150
    assert [part.vat_minor for part in back.parts] == [194, 24]


def test_what_a_named_line_has_no_more_is_taken_from_the_others() -> None:
    back = credited_lines(TWO, (), PaidBack("r1", 3_000, frozenset({("p1", "A-1")})))
    assert [line.amount_minor for line in back] == [2_650, 350]


def test_never_more_goes_back_than_is_left() -> None:
    first = credited_lines(TWO, (), PaidBack("r1", 5_000))
    second = credited_lines(TWO, first, PaidBack("r2", 5_000))
    assert sum(line.amount_minor for line in second) == 300


def test_a_free_seat_that_is_given_back_stands_on_its_credit_note() -> None:
    free = a_line("A-3", InvoicePart("base", 0))
    assert credited_lines((free,), (), PaidBack("r1", 0, frozenset({("p1", "A-3")}))) == (free,)
    assert left_of((free,), ()) == (free,)


def test_the_same_seat_of_two_performances_is_two_lines() -> None:
    lines = (a_line("A-1", BASE), a_line("A-1", BASE, performance="p2"))
    back = credited_lines(lines, (), PaidBack("r1", 2_500, frozenset({("p2", "A-1")})))
    assert back == (lines[1],)


def test_tax_is_summed_by_class_and_rate_the_highest_first() -> None:
    assert vat_sums(TWO) == (VatSum("high", 2_100, 300, 52), VatSum("low", 900, 5_000, 412))
    assert vat_sums(TWO)[0].net_minor == 248


_PARTS = st.builds(
    lambda amount, rate: InvoicePart("base", amount, f"v{rate}", rate, amount * rate // (10_000 + rate)),
    st.integers(0, 100_000),
    st.sampled_from([0, 700, 900, 2_100, 2_500]),
)
_LINES = st.lists(st.lists(_PARTS, min_size=1, max_size=3), min_size=1, max_size=4).map(
    lambda rows: tuple(a_line(f"A-{place}", *parts) for place, parts in enumerate(rows))
)
_REFUNDS = st.lists(st.tuples(st.integers(0, 200_000), st.frozensets(st.integers(0, 3))), min_size=1, max_size=6)


@given(_LINES, _REFUNDS)
def test_credit_notes_never_take_more_than_there_is_and_end_at_nothing_to_the_cent(
    lines: tuple[InvoiceLine, ...], refunds: list[tuple[int, frozenset[int]]]
) -> None:
    taken: list[InvoiceLine] = []
    for number, (amount, named) in enumerate(refunds):
        names = frozenset(("p1", f"A-{place}") for place in named)
        left_minor = sum(line.amount_minor for line in lines) - sum(line.amount_minor for line in taken)
        back = credited_lines(lines, taken, PaidBack(f"r{number}", amount, names))
        assert sum(line.amount_minor for line in back) == min(amount, left_minor)
        for line in back:
            for part in line.parts:
                assert 0 <= part.vat_minor <= part.amount_minor
        taken += back
        for line in left_of(lines, taken):
            assert all(0 <= part.vat_minor <= part.amount_minor for part in line.parts)
    rest = credited_lines(lines, taken, PaidBack("rest", 10**9))
    whole, back_in_all = vat_sums(lines), vat_sums([*taken, *rest])
    assert [one for one in whole if one.amount_minor] == [one for one in back_in_all if one.amount_minor]


def test_a_receipt_is_for_what_is_small_and_nobody_wants_a_name_on() -> None:
    house = Invoicing(legal_name="Genova BV", small_up_to_minor=25_000)
    assert house.kind_for(25_000, has_buyer=False).value == "RECEIPT"
    assert house.kind_for(25_001, has_buyer=False).value == "INVOICE"
    assert house.kind_for(100, has_buyer=True).value == "INVOICE"


def test_numbers_read_as_prefix_year_and_count() -> None:
    assert Invoicing(number_prefix="GEN").number(2026, 17) == "GEN-2026-17"
    assert Invoicing().number(2026, 17) == "2026-17"
