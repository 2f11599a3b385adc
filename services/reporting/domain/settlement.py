"""A settlement as arithmetic: from what was sold and agreed on, lines that add up, and what everybody gets (R3.21).

Rounding: see ROUNDING in deal.py. Every line says of what it is, and how much of it, so that it can be done by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.contracts.prices import RECETTE, WHOLE_BASIS_POINTS, ComponentKind, vat_contained
from services.reporting.domain.deal import ROUNDING, Deal, Deduction, DeductionKind, Partage, Payee
from services.reporting.domain.settlement_sales import Amount, Sales, basis_minor, is_in


class LineKind(Enum):
    """What a line of the calculation is. Values are what stores keep, in the order in which they are told."""

    # Everything that was taken, VAT included.
    GROSS = "gross"
    # The house's own, not shared: fees, and the surcharge where the deal leaves it out.
    OWN = "own"
    # The tax in what is shared, where the basis is net of it.
    VAT = "vat"
    # What percentages of the deal's own basis are of.
    BASIS = "basis"
    ROYALTY = "royalty"
    LEVY = "levy"
    COST = "cost"
    # What is left to be shared.
    SHARED = "shared"
    # The producer's part of it, tier by tier.
    PRODUCER_SHARE = "producer_share"
    # What the house adds up to the guarantee.
    GUARANTEE = "guarantee"
    BUY_OUT = "buy_out"
    HOUSE_SHARE = "house_share"
    PRODUCER = "producer"
    HOUSE = "house"
    OTHERS = "others"


_DEDUCTIONS = {
    DeductionKind.ROYALTY: LineKind.ROYALTY,
    DeductionKind.LEVY: LineKind.LEVY,
    DeductionKind.COST: LineKind.COST,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One step. `name` tells lines of a kind apart; where there are basis points, they are of `of_minor`."""

    kind: LineKind
    name: str
    amount_minor: int
    of_minor: int = 0
    basis_points: int = 0
    payee: Payee | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """What the producer bills the house: net and tax are the amount to be paid."""

    net_minor: int
    vat_minor: int
    rate_basis_points: int

    @property
    def gross_minor(self) -> int:
        """To be paid."""
        return self.net_minor + self.vat_minor


@dataclass(frozen=True, slots=True)
class Settlement:
    """What everybody gets. gross = VAT + producer + house + others, to the minor unit; the invoice's VAT that comes on
    top is the house's to reclaim and in none of them."""

    lines: tuple[Line, ...]
    gross_minor: int
    vat_minor: int
    producer_minor: int
    house_minor: int
    others_minor: int
    invoice: Invoice


def settle(sales: Sales, deal: Deal) -> Settlement:
    """The settlement of what was sold by what was agreed on. The deal has no faults."""
    amounts = sales.amounts
    gross, vat = sum(one.gross_minor for one in amounts), sum(one.vat_minor for one in amounts)
    basis, deductions = basis_minor(amounts, deal.basis), _deductions(amounts, deal.deductions)
    taken = sum(line.amount_minor for line in deductions)
    # Less than nothing is not shared: what costs more than came in, the house bears.
    left = max(0, basis - taken)
    shares, producer_share = _shares(deal, left)
    house_share = left - producer_share
    to_house, to_others = _paid_to(Payee.HOUSE, deductions), _paid_to(Payee.OTHER, deductions)
    producer = producer_share + _paid_to(Payee.PRODUCER, deductions)
    # Told from the house's side, and once more from what all others leave: the two must be one number.
    house = house_share + to_house + _own_net(amounts, deal) - max(0, taken - basis)
    assert gross == vat + producer + house + to_others, "everybody's parts are the whole"
    lines = (
        Line(LineKind.GROSS, "", gross),
        *_taken_from_gross(amounts, deal),
        Line(LineKind.BASIS, "", basis),
        *deductions,
        Line(LineKind.SHARED, "", left),
        *shares,
        Line(LineKind.HOUSE_SHARE, "", house_share, left),
        Line(LineKind.PRODUCER, "", producer, payee=Payee.PRODUCER),
        Line(LineKind.HOUSE, "", house, payee=Payee.HOUSE),
        Line(LineKind.OTHERS, "", to_others, payee=Payee.OTHER),
    )
    return Settlement(lines, gross, vat, producer, house, to_others, _invoice(producer, deal))


def portion(amount_minor: int, basis_points: int) -> int:
    """So much of an amount that is not negative, rounded as every line is."""
    return _rounded(amount_minor * basis_points)


def _deductions(amounts: Sequence[Amount], deductions: Sequence[Deduction]) -> list[Line]:
    """Royalties first, then levies, then costs, each as agreed."""
    order = list(_DEDUCTIONS)
    found = []
    for one in sorted(deductions, key=lambda each: order.index(each.kind)):
        of = basis_minor(amounts, one.basis) if one.basis_points else 0
        amount = portion(of, one.basis_points) if one.basis_points else one.amount_minor
        found.append(Line(_DEDUCTIONS[one.kind], one.name, amount, of, one.basis_points, one.payee))
    return found


def _paid_to(payee: Payee, lines: Sequence[Line]) -> int:
    return sum(line.amount_minor for line in lines if line.payee is payee)


def _shares(deal: Deal, left: int) -> tuple[list[Line], int]:
    """The producer's lines of the split, and their sum."""
    if deal.buy_out_minor:
        return [Line(LineKind.BUY_OUT, "", deal.buy_out_minor, payee=Payee.PRODUCER)], deal.buy_out_minor
    lines, guarantee = _tiers(deal.partage, left), deal.partage.guarantee_minor
    share = sum(line.amount_minor for line in lines)
    if guarantee:
        more = max(0, guarantee - share)
        lines.append(Line(LineKind.GUARANTEE, "", more, guarantee, payee=Payee.PRODUCER))
        share += more
    return lines, share


def _tiers(split: Partage, left: int) -> list[Line]:
    """The producer's part of each tier. Only the whole is rounded: lines are differences of rounded running sums."""
    ends = [*(tier.from_minor for tier in split.tiers[1:]), None]
    lines, exact, given = [], 0, 0
    for number, (tier, end) in enumerate(zip(split.tiers, ends[: len(split.tiers)], strict=True), start=1):
        within = max(0, (left if end is None else min(left, end)) - tier.from_minor)
        exact += within * tier.producer_basis_points
        upto = _rounded(exact)
        name = "" if len(split.tiers) == 1 else str(number)
        payee, points = Payee.PRODUCER, tier.producer_basis_points
        lines.append(Line(LineKind.PRODUCER_SHARE, name, upto - given, within, points, payee))
        given = upto
    return lines


def _rounded(exact: int) -> int:
    """Minor units out of ten thousandths of them, halves up."""
    return (2 * exact + WHOLE_BASIS_POINTS) // (2 * WHOLE_BASIS_POINTS)


def _taken_from_gross(amounts: Sequence[Amount], deal: Deal) -> list[Line]:
    """What stands between everything that was taken and the basis: the house's own by component, and VAT by rate."""
    own: dict[ComponentKind, int] = {}
    vat: dict[tuple[str, int], tuple[int, int]] = {}
    for one in amounts:
        if not is_in(one.component, deal.basis):
            own[one.component] = own.get(one.component, 0) + one.gross_minor
        elif deal.basis.net_of_vat:
            key = one.vat_class, one.rate_basis_points
            tax, of = vat.get(key, (0, 0))
            vat[key] = tax + one.vat_minor, of + one.gross_minor
    return [
        *(Line(LineKind.OWN, kind.value, own[kind], payee=Payee.HOUSE) for kind in ComponentKind if kind in own),
        *(Line(LineKind.VAT, name, *vat[name, rate], rate) for name, rate in sorted(vat)),
    ]


def _own_net(amounts: Sequence[Amount], deal: Deal) -> int:
    """What is the house's beside the split, less all tax that the house owes and the basis does not bear."""
    outside = [one for one in amounts if not is_in(one.component, deal.basis)]
    inside = [one for one in amounts if is_in(one.component, deal.basis)]
    owed = 0 if deal.basis.net_of_vat else sum(one.vat_minor for one in inside)
    return sum(one.gross_minor - one.vat_minor for one in outside) - owed


def _invoice(producer: int, deal: Deal) -> Invoice:
    rate = deal.invoice_vat_basis_points
    if deal.basis.net_of_vat:
        return Invoice(producer, portion(producer, rate), rate)
    vat = vat_contained(producer, rate, ROUNDING)
    return Invoice(producer - vat, vat, rate)


def recette_minor(sales: Sales) -> int:
    """R0.13: base and surcharge, VAT included."""
    return sum(one.gross_minor for one in sales.amounts if one.component in RECETTE)
