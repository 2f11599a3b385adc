"""R3.21: the settlement that the guide works through by hand is what the domain comes to, to the cent."""

from __future__ import annotations

import re
from pathlib import Path

from services.contracts.prices import Component, ComponentKind, VatRounding, vat_of
from services.reporting.domain.deal import Basis, Deal, Deduction, DeductionKind, Partage, Payee, Tier
from services.reporting.domain.settlement import Settlement, settle
from services.reporting.domain.settlement_changes import differences
from services.reporting.domain.settlement_sales import Amount, Sales, Seller, SoldLine

PAGE = (Path(__file__).parents[3] / "docs/guide/settlement.md").read_text()
KINDS = (ComponentKind.BASE, ComponentKind.THEATRE_SURCHARGE, ComponentKind.SERVICE_FEE)
DEAL = Deal(
    "Het Gezelschap",
    Basis(with_surcharge=True, net_of_vat=True),
    (
        Deduction(DeductionKind.ROYALTY, "Royalty", Payee.OTHER, 1_000),
        Deduction(DeductionKind.COST, "Piano tuner", Payee.HOUSE, 0, 95_00),
    ),
    Partage((Tier(0, 7_000),), 1_100_00),
    0,
    900,
)


def table(name: str) -> list[list[str]]:
    """The rows of the page's table of that name."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert found, name
    lines = found.group(1).strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def cents(text: str) -> int:
    return round(float(text.replace(",", "")) * 100)


def prices() -> dict[tuple[str, str], tuple[Component, ...]]:
    rows = re.findall(
        r"^\| (One|Two) \| (normal|discount) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE
    )
    assert len(rows) == 3
    found = {}
    for category, ticket, *amounts, together in rows:
        taxes = ("low", 900), ("low", 900), ("high", 2_100)
        parts = [Component(kind, cents(one), *tax) for kind, one, tax in zip(KINDS, amounts, taxes, strict=True)]
        assert sum(part.amount_minor for part in parts) == cents(together)
        found[category, ticket] = tuple(parts)
    return found


def sold(less_of_two: int = 0) -> Sales:
    """What the page says was sold, ticket by ticket as a sale is taxed."""
    lines = []
    for seller, category, ticket, count, *_ in table("sold")[:-1]:
        tickets = int(count) - (less_of_two if (seller, category) == ("house", "Two") else 0)
        components = prices().get((category, ticket), ())
        taxes = vat_of([components], VatRounding.HALF_UP_PER_LINE)[0]
        amounts = tuple(
            Amount(one.kind, one.vat_class, one.rate_basis_points, one.amount_minor * tickets, tax * tickets)
            for one, tax in zip(components, taxes, strict=True)
        )
        lines.append(SoldLine(Seller(seller), category, ticket, "normal", "", "", tickets, amounts))
    return Sales("EUR", tuple(lines))


def told(settlement: Settlement) -> list[tuple[str, int]]:
    lines = [(f"{line.kind.value} {line.name}".strip(), line.amount_minor) for line in settlement.lines]
    return [*lines, ("invoice vat", settlement.invoice.vat_minor)]


def test_r3_21_what_the_page_says_was_sold_adds_up() -> None:
    *rows, together = table("sold")
    for row, line in zip(rows, sold().lines, strict=True):
        by_kind = [sum(one.gross_minor for one in line.amounts if one.component is kind) for kind in KINDS]
        by_class = [sum(one.vat_minor for one in line.amounts if one.vat_class == name) for name in ("low", "high")]
        assert [cents(cell) for cell in row[4:]] == [*by_kind, *by_class]
    sums = [sum(cents(row[place]) for row in rows) for place in range(4, 9)]
    assert [cents(cell) for cell in together[4:]] == sums
    assert int(together[3]) == sum(line.tickets for line in sold().lines) == sold().tickets


def test_r3_21_each_line_that_the_page_calculates_is_the_domains_to_the_cent() -> None:
    done = settle(sold(), DEAL)
    assert [(name, cents(amount)) for name, _, amount in table("settled")] == told(done)
    assert done.gross_minor == done.vat_minor + done.producer_minor + done.house_minor + done.others_minor == 2_016_00
    assert done.vat_minor == 178_40


def test_r3_21_the_correction_of_the_page_is_the_difference_line_by_line() -> None:
    before, after = (sold(), settle(sold(), DEAL)), (sold(1), settle(sold(1), DEAL))
    found = [one for one in differences(before, after) if one.kind != "tickets"]
    assert [(name, cents(was), cents(now), cents(less)) for name, was, now, less in table("corrected")] == [
        (f"{one.kind} {one.name}".strip(), one.before, one.after, one.difference) for one in found
    ]
