"""R3.21: settlements add up whatever was sold and agreed on, and the deals of the field come to what they say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.prices import ComponentKind
from services.reporting.domain.deal import (
    Basis,
    Deal,
    Deduction,
    DeductionKind,
    Partage,
    Payee,
    Tier,
    faults_of,
)
from services.reporting.domain.settlement import LineKind, Settlement, settle
from services.reporting.domain.settlement_sales import Sales
from tests.unit.reporting.settlement_samples import (
    GROSS,
    NET,
    amount,
    any_basis,
    any_deal,
    any_partage,
    any_sales,
    deal,
    line,
    partage,
    sales_of,
)


def of(settlement: Settlement, kind: LineKind, name: str | None = None) -> int:
    return sum(each.amount_minor for each in settlement.lines if each.kind is kind and name in (None, each.name))


@given(any_sales, any_deal)
def test_r3_21_everybodys_parts_are_the_gross_to_the_cent(sales: Sales, agreed: Deal) -> None:
    assert list(faults_of(agreed)) == []
    done = settle(sales, agreed)
    assert done.gross_minor == sum(each.gross_minor for each in sales.lines)
    assert done.gross_minor == done.vat_minor + done.producer_minor + done.house_minor + done.others_minor


@given(any_sales, any_deal)
def test_r3_21_each_step_follows_from_the_steps_before_it(sales: Sales, agreed: Deal) -> None:
    done = settle(sales, agreed)
    assert of(done, LineKind.GROSS) - of(done, LineKind.OWN) - of(done, LineKind.VAT) == of(done, LineKind.BASIS)
    deducted = sum(of(done, kind) for kind in (LineKind.ROYALTY, LineKind.LEVY, LineKind.COST))
    assert of(done, LineKind.SHARED) == max(0, of(done, LineKind.BASIS) - deducted)
    share = sum(of(done, kind) for kind in (LineKind.PRODUCER_SHARE, LineKind.GUARANTEE, LineKind.BUY_OUT))
    assert share + of(done, LineKind.HOUSE_SHARE) == of(done, LineKind.SHARED)
    paid = sum(
        each.amount_minor for each in done.lines if each.payee is Payee.PRODUCER and each.kind != LineKind.PRODUCER
    )
    assert paid == done.producer_minor == of(done, LineKind.PRODUCER)


@given(any_sales, any_deal)
def test_r3_21_each_line_can_be_done_by_hand_from_what_it_says(sales: Sales, agreed: Deal) -> None:
    for each in settle(sales, agreed).lines:
        if each.basis_points and each.kind is not LineKind.VAT:
            exact = each.of_minor * each.basis_points
            # A tier may be a unit off: only the sum of tiers is rounded.
            assert abs(each.amount_minor * 10_000 - exact) <= (
                10_000 if each.kind is LineKind.PRODUCER_SHARE else 5_000
            )


@given(any_sales, any_basis, any_partage())
def test_r3_21_the_producer_never_gets_less_than_the_guarantee(sales: Sales, basis: Basis, split: Partage) -> None:
    with_it = settle(sales, deal(split, basis=basis))
    without = settle(sales, deal(replace(split, guarantee_minor=0), basis=basis))
    assert with_it.producer_minor == max(without.producer_minor, split.guarantee_minor)
    assert with_it.house_minor + with_it.producer_minor == without.house_minor + without.producer_minor


@given(any_sales, any_basis, any_partage(), st.integers(1, 300_000))
def test_r3_21_more_revenue_is_never_less_for_the_producer(
    sales: Sales, basis: Basis, split: Partage, more_minor: int
) -> None:
    agreed = deal(split, Deduction(DeductionKind.LEVY, "Buma", Payee.OTHER, 700, 0, basis), basis=basis)
    more = replace(sales, lines=(*sales.lines, line(1, amount(more_minor), category="Z")))
    assert settle(more, agreed).producer_minor >= settle(sales, agreed).producer_minor


@given(any_sales, any_partage(), st.integers(0, 100_000))
def test_r3_21_a_higher_guarantee_is_never_less_for_the_producer(sales: Sales, split: Partage, more_minor: int) -> None:
    higher = replace(split, guarantee_minor=split.guarantee_minor + more_minor)
    assert settle(sales, deal(higher)).producer_minor >= settle(sales, deal(split)).producer_minor


@given(any_sales, st.integers(1, 1_000_000))
def test_r3_21_a_buy_out_is_the_same_whatever_comes_in(sales: Sales, sum_minor: int) -> None:
    done = settle(sales, deal(buy_out_minor=sum_minor))
    assert done.producer_minor == sum_minor
    assert done.house_minor == done.gross_minor - done.vat_minor - sum_minor


@pytest.mark.parametrize(
    ("basis", "of_minor"),
    [
        (Basis(with_surcharge=True, net_of_vat=False), 109_00 + 10_90),
        (Basis(with_surcharge=False, net_of_vat=False), 109_00),
        (Basis(with_surcharge=True, net_of_vat=True), 110_00),
        (Basis(with_surcharge=False, net_of_vat=True), 100_00),
    ],
)
def test_r3_21_royalties_are_of_the_basis_that_was_agreed_on_and_never_of_fees(basis: Basis, of_minor: int) -> None:
    sold = sales_of(
        amount(109_00),
        amount(10_90, ComponentKind.THEATRE_SURCHARGE),
        amount(12_10, ComponentKind.SERVICE_FEE, 2_100, "hoog"),
    )
    royalty = Deduction(DeductionKind.ROYALTY, "Auteur", Payee.PRODUCER, 1_000, 0, basis)
    done = settle(sold, deal(Partage(), royalty))
    (told,) = [each for each in done.lines if each.kind is LineKind.ROYALTY]
    assert (told.of_minor, told.amount_minor) == (of_minor, of_minor // 10)
    assert done.producer_minor == of_minor // 10


def test_r3_21_a_guarantee_against_a_percentage_pays_the_higher_of_both() -> None:
    agreed = deal(partage(70, 1_000_00), basis=NET)
    poor, rich = settle(sales_of(amount(1_090_00)), agreed), settle(sales_of(amount(2_180_00)), agreed)
    assert (poor.producer_minor, poor.house_minor) == (1_000_00, 0)
    assert (of(poor, LineKind.PRODUCER_SHARE), of(poor, LineKind.GUARANTEE)) == (700_00, 300_00)
    assert (rich.producer_minor, rich.house_minor, of(rich, LineKind.GUARANTEE)) == (1_400_00, 600_00, 0)


def test_r3_21_the_house_bears_what_is_missing_to_a_guarantee() -> None:
    done = settle(sales_of(amount(109_00)), deal(partage(70, 1_000_00)))
    assert (done.producer_minor, done.house_minor) == (1_000_00, -900_00)


def test_r3_21_what_costs_more_than_came_in_is_the_houses_and_no_share_is_negative() -> None:
    cost = Deduction(DeductionKind.COST, "Techniek", Payee.OTHER, 0, 300_00)
    done = settle(sales_of(amount(109_00)), deal(partage(70), cost))
    assert (of(done, LineKind.SHARED), done.producer_minor, done.others_minor) == (0, 0, 300_00)
    assert done.house_minor == 100_00 - 300_00


def test_r3_21_tiers_are_of_what_is_beyond_them() -> None:
    tiers = Partage((Tier(0, 5_000), Tier(500_00, 7_000), Tier(1_000_00, 8_000)))
    done = settle(sales_of(amount(1_200_00, rate=0)), deal(tiers))
    shares = [(each.of_minor, each.amount_minor) for each in done.lines if each.kind is LineKind.PRODUCER_SHARE]
    assert shares == [(500_00, 250_00), (500_00, 350_00), (200_00, 160_00)]


def test_r3_21_halves_are_rounded_up_for_the_producer_and_the_house_has_the_rest() -> None:
    done = settle(sales_of(amount(1, rate=0)), deal(partage(50)))
    assert (done.producer_minor, done.house_minor) == (1, 0)


def test_r3_21_a_basis_with_vat_in_it_leaves_the_tax_to_the_house() -> None:
    done = settle(sales_of(amount(109_00)), deal(partage(70), basis=GROSS, invoice_vat=900))
    assert (done.producer_minor, done.vat_minor, done.house_minor) == (76_30, 9_00, 23_70)
    assert (done.invoice.net_minor, done.invoice.vat_minor, done.invoice.gross_minor) == (70_00, 6_30, 76_30)


def test_r3_21_tax_on_the_producers_invoice_comes_on_top_of_a_net_share() -> None:
    done = settle(sales_of(amount(109_00)), deal(partage(70), invoice_vat=900))
    assert (done.invoice.net_minor, done.invoice.vat_minor, done.invoice.gross_minor) == (70_00, 6_30, 76_30)
    assert done.house_minor == 30_00


def test_r3_21_a_deal_is_told_every_fault_at_once() -> None:
    broken = deal(
        Partage((Tier(100, 5_000), Tier(50, 6_000))),
        Deduction(DeductionKind.LEVY, "Buma", Payee.OTHER, 6_000),
        Deduction(DeductionKind.ROYALTY, "buma", Payee.OTHER, 5_000),
    )
    assert [fault.field for fault in faults_of(broken)] == ["percentages", "percentages", "partage.tiers"]
    flat = deal(Partage((Tier(0, 1), Tier(9, 1), Tier(9, 1))), Deduction(DeductionKind.COST, "a", Payee.OTHER, 0, 1))
    assert [fault.problem for fault in faults_of(flat)] == ["do not rise"]
    assert list(faults_of(deal(Partage((Tier(9, 1),))))) == []


def test_r3_21_what_is_below_the_first_tier_is_all_the_houses() -> None:
    done = settle(sales_of(amount(1_200_00, rate=0)), deal(Partage((Tier(1_000_00, 7_000),))))
    assert (done.producer_minor, done.house_minor) == (140_00, 1_060_00)


def test_r3_21_comps_are_counted_and_bring_nothing() -> None:
    sold = Sales("EUR", (line(4, amount(109_00)), line(3, kind="free")))
    assert (sold.tickets, sold.comps, settle(sold, deal(partage(70))).producer_minor) == (7, 3, 70_00)
