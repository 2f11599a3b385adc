"""What the platform is told: by kind, without reservations, blocks and resale, and cumulative whatever was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.integrations.podiumkunst.domain.figures import (
    Excluded,
    Figures,
    HallFigures,
    OfficeKind,
    OfficeSales,
    ReportsItself,
    SellerSales,
    Why,
    figures_of,
)
from services.integrations.podiumkunst.domain.sales import NOTHING, Kind, Seller, Sold
from services.integrations.podiumkunst.domain.telling import (
    AGAIN_AFTER_MS,
    LastTold,
    Part,
    decoded,
    is_due,
    tellings,
)
from services.integrations.podiumkunst.handlers.figure_files import document_of
from services.integrations.podiumkunst.handlers.figures import Made
from services.integrations.podiumkunst.ports.figure_store import Linked

NUMBER = "NL-26-0412-77|11484906"
HALL = HallFigures(
    capacity={"stalls": 300, "balcony": 100},
    worth_minor={"stalls": 2_500, "balcony": 1_500},
    currency="EUR",
    reserved={"stalls": 4, "balcony": 2},
    blocked={"stalls": 10},
)
BUYER = Seller("buyer")
RESELLER = Seller("reseller", "rsl_1")


def sales(sold: Sold, kind: Kind = Kind.NORMAL, seller: Seller = BUYER) -> SellerSales:
    return SellerSales(seller, kind, "EUR", sold)


def figures(
    *sold: SellerSales,
    offices: tuple[OfficeSales, ...] = (),
    ranks: Mapping[str, int] | None = None,
    rules: ReportsItself | None = None,
    hall: HallFigures = HALL,
) -> Figures:
    return figures_of(sold, offices, hall, ranks or {}, rules or ReportsItself())


def test_r0_12_each_kind_apart_and_no_reservation_or_block_among_the_sold() -> None:
    found = figures(sales(Sold(40, 100_000)), sales(Sold(3, 4_500), Kind.DISCOUNT), sales(Sold(2, 0), Kind.FREE))
    assert found.by_kind == {
        Kind.NORMAL: Sold(40, 100_000),
        Kind.DISCOUNT: Sold(3, 4_500),
        Kind.FREE: Sold(2, 0),
        Kind.OTHER: NOTHING,
    }
    assert (found.reserved, found.blocked) == (Sold(6, 13_000), Sold(10, 25_000))
    assert found.sold.tickets == 45


def test_r0_14_resellers_are_in_by_default_and_out_when_they_report_themselves() -> None:
    sold = (sales(Sold(40, 100_000)), sales(Sold(10, 25_000), seller=RESELLER))
    assert figures(*sold).by_kind[Kind.NORMAL] == Sold(50, 125_000)
    without = figures(*sold, rules=ReportsItself(resellers=frozenset({"rsl_1"})))
    assert without.by_kind[Kind.NORMAL] == Sold(40, 100_000)
    assert without.excluded == (Excluded("rsl_1", False, Why.REPORTS_ITSELF, Sold(10, 25_000)),)


def test_staff_with_the_subject_of_a_reseller_are_not_taken_for_it() -> None:
    found = figures(
        sales(Sold(1, 2_500), seller=Seller("staff", "rsl_1")), rules=ReportsItself(resellers=frozenset({"rsl_1"}))
    )
    assert (found.by_kind[Kind.NORMAL], found.excluded) == (Sold(1, 2_500), ())


def test_r0_12_what_offices_sold_of_printed_tickets_is_in_and_what_another_system_sold_is_resale() -> None:
    hard = OfficeSales("a1", "vvv", OfficeKind.HARD, {"stalls": 5})
    foreign = OfficeSales("a2", "uitbureau", OfficeKind.FOREIGN, {"stalls": 7})
    found = figures(offices=(hard, foreign))
    assert found.by_kind[Kind.NORMAL] == Sold(5, 12_500)
    assert found.excluded == (Excluded("uitbureau", True, Why.FOREIGN_SYSTEM, Sold(7, 17_500)),)
    without = figures(offices=(hard,), rules=ReportsItself(offices=frozenset({"vvv"})))
    assert (without.sold, without.excluded[0].why) == (NOTHING, Why.REPORTS_ITSELF)


def test_seats_come_by_rank_and_a_category_without_one_is_in_rank_1_and_named() -> None:
    assert figures(ranks={"stalls": 1, "balcony": 3}).ranks[:4] == (300, 0, 100, 0)
    unranked = figures(ranks={"stalls": 2})
    assert (unranked.ranks[:2], unranked.unranked) == ((100, 300), ("balcony",))


def test_what_is_sold_in_another_currency_is_said() -> None:
    assert figures(hall=replace(HALL, currency="NOK")).other_currency == "NOK"
    assert figures().other_currency == ""


_SOLD = st.builds(Sold, st.integers(0, 500), st.integers(0, 1_000_000))
_SALES = st.lists(
    st.builds(sales, _SOLD, st.sampled_from(Kind), st.sampled_from([BUYER, RESELLER, Seller("staff", "s1")])),
    max_size=8,
)


@given(_SALES, st.booleans())
def test_the_kinds_are_all_that_was_sold_paid_and_free_and_the_excluded_are_the_rest(
    sold: list[SellerSales], is_flagged: bool
) -> None:
    rules = ReportsItself(resellers=frozenset({"rsl_1"} if is_flagged else ()))
    found = figures(*sold, rules=rules)
    all_sold = Sold(sum(one.sold.tickets for one in sold), sum(one.sold.recette_minor for one in sold))
    left_out = found.excluded[0].sold if found.excluded else NOTHING
    assert found.sold.plus(left_out) == all_sold
    paid = sum(one.tickets for kind, one in found.by_kind.items() if kind is not Kind.FREE)
    assert paid + found.by_kind[Kind.FREE].tickets == found.sold.tickets


def told(found: Figures) -> bytes:
    return tellings(NUMBER, "prf_1", found)[Part.TICKETS].encoded()


def test_the_same_figures_are_the_same_bytes_and_read_back() -> None:
    one, other = (tellings(NUMBER, "prf_1", figures(sales(Sold(40, 100_000)))) for _ in range(2))
    assert {part: each.encoded() for part, each in one.items()} == {
        part: each.encoded() for part, each in other.items()
    }
    assert decoded(one[Part.CAPACITY].encoded()) == one[Part.CAPACITY]


def test_r0_2_what_changed_is_due_at_once_and_what_has_not_once_in_24_hours() -> None:
    body = told(figures(sales(Sold(40, 100_000))))
    taken = LastTold(put=body, told=body, told_at_ms=1_000)
    assert is_due(body, None, 0, all_of_it=False)
    assert is_due(told(figures(sales(Sold(35, 87_500)))), taken, 2_000, all_of_it=False), "fewer is legal (R0.3)"
    assert not is_due(body, taken, 1_000 + AGAIN_AFTER_MS - 1, all_of_it=False)
    assert is_due(body, taken, 1_000 + AGAIN_AFTER_MS, all_of_it=False)
    assert is_due(body, taken, 2_000, all_of_it=True)
    assert is_due(body, LastTold(put=body), 2_000, all_of_it=False), "what never arrived is due"


def test_what_waits_and_is_no_longer_so_is_replaced_by_what_the_platform_has_already() -> None:
    had, waits = told(figures(sales(Sold(40, 100_000)))), told(figures(sales(Sold(50, 125_000))))
    assert is_due(had, LastTold(put=waits, told=had, told_at_ms=1_000), 2_000, all_of_it=False)


def test_a_file_leaves_empty_what_is_not_known_now_and_never_writes_a_nought() -> None:
    linked = Linked(NUMBER, "prf_1", "A1", "Hamlet", 0, is_cancelled=False, platform_status="agreed")
    known = figures(sales(Sold(40, 100_000)), ranks={"stalls": 1, "balcony": 2})

    def row(*unknown: Part) -> dict[str, object]:
        document = document_of("hou_1", [Made(linked, known, frozenset(unknown))], "Europe/Amsterdam")
        [cells] = document.blocks[0].rows()
        return {column.heading: cell for column, cell in zip(document.columns, cells, strict=True)}

    whole = row()
    assert (whole["Tickets normal"], whole["Tickets free"], whole["Reserved"], whole["Blocked"]) == (40, 0, 6, 10)
    assert whole["Capacity rank 2"] == 100
    silent = row(Part.RESERVATIONS, Part.BLOCKED, Part.CAPACITY)
    assert silent["Tickets normal"] == 40
    for name in ("Reserved", "Recette reserved", "Blocked", "Capacity rank 1", "Capacity rank 10"):
        assert silent[name] is None, name
    assert {name: cell for name, cell in row(Part.TICKETS).items() if name.endswith(" normal")} == {
        "Tickets normal": None,
        "Recette normal": None,
    }
