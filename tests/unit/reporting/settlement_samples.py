"""Sales and deals to settle: written by hand, and generated."""

from __future__ import annotations

from hypothesis import strategies as st

from services.contracts.prices import ComponentKind, VatRounding, vat_contained
from services.reporting.domain.deal import (
    Basis,
    Deal,
    Deduction,
    DeductionKind,
    Partage,
    Payee,
    Tier,
)
from services.reporting.domain.settlement_sales import Amount, Sales, Seller, SoldLine

NET = Basis(with_surcharge=True, net_of_vat=True)
GROSS = Basis(with_surcharge=True, net_of_vat=False)


def amount(
    gross_minor: int, component: ComponentKind = ComponentKind.BASE, rate: int = 900, vat_class: str = "laag"
) -> Amount:
    vat = vat_contained(gross_minor, rate, VatRounding.HALF_UP_PER_LINE)
    return Amount(component, vat_class, rate, gross_minor, vat)


def line(tickets: int, *amounts: Amount, kind: str = "normal", category: str = "A") -> SoldLine:
    return SoldLine(Seller.HOUSE, category, kind, "normal", "", "", tickets, amounts)


def sales_of(*amounts: Amount) -> Sales:
    return Sales("EUR", (line(1, *amounts),))


def deal(
    split: Partage | None = None,
    *deductions: Deduction,
    basis: Basis = NET,
    invoice_vat: int = 0,
    buy_out_minor: int = 0,
) -> Deal:
    return Deal("Gezelschap", basis, deductions, split or Partage(), buy_out_minor, invoice_vat)


def partage(producer_percent: int, guarantee_minor: int = 0) -> Partage:
    return Partage((Tier(0, producer_percent * 100),), guarantee_minor)


_components = st.sampled_from(ComponentKind)
_amounts = st.builds(
    lambda gross, component, rate: amount(gross, component, rate, f"v{rate}"),
    st.integers(0, 500_000),
    _components,
    st.sampled_from([0, 700, 900, 1_900, 2_100, 2_500]),
)
any_sales = st.builds(
    lambda groups: Sales(
        "EUR", tuple(line(place, *group, category=str(place)) for place, group in enumerate(groups, start=1))
    ),
    st.lists(st.lists(_amounts, max_size=4), max_size=5),
)
any_basis = st.builds(Basis, st.booleans(), st.booleans())


@st.composite
def any_deductions(draw: st.DrawFn, at_most: int = 4) -> tuple[Deduction, ...]:
    """Percentages of 100 % together at most."""
    left, found = 10_000, []
    for number in range(draw(st.integers(0, at_most))):
        points = draw(st.integers(0, left))
        left -= points
        found.append(
            Deduction(
                draw(st.sampled_from(DeductionKind)),
                f"d{number}",
                draw(st.sampled_from(Payee)),
                points,
                0 if points else draw(st.integers(1, 200_000)),
                draw(any_basis),
            )
        )
    return tuple(found)


@st.composite
def any_partage(draw: st.DrawFn) -> Partage:
    begins = [0, *sorted(draw(st.sets(st.integers(1, 1_000_000), max_size=3)))]
    tiers = tuple(Tier(begin, draw(st.integers(0, 10_000))) for begin in begins)
    return Partage(tiers, draw(st.just(0) | st.integers(1, 1_000_000)))


any_deal = st.builds(
    Deal,
    st.just("p"),
    any_basis,
    any_deductions(),
    any_partage(),
    st.just(0),
    st.sampled_from([0, 900, 2_100]),
) | st.builds(
    Deal, st.just("p"), any_basis, any_deductions(), st.just(Partage()), st.integers(1, 1_000_000), st.just(900)
)
