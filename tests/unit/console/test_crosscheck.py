"""The comparisons between services: a sound world has no breach, and each way to break it is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from services.console.audit.crosscheck import crosscheck, persistent
from services.console.audit.facts import CodeFact, Facts, OrderFact, PaymentFact, SeatFact, TicketFact, TotalsFact

PLAY = "perf_1"
HOUSE = "house_1"
AnyFact = TypeVar("AnyFact", CodeFact, SeatFact, OrderFact, TicketFact, PaymentFact, TotalsFact)


def sound_facts() -> Facts:
    """Two confirmed orders, one being paid, one refunded and one cancelled."""
    facts = Facts()
    for order_id, seats in (("ord_a", ("A1", "A2")), ("ord_b", ("B1",))):
        facts.orders.append(OrderFact(PLAY, order_id, "CONFIRMED", 1000 * len(seats), len(seats), 0, True, "SOLD"))
        facts.payments.append(PaymentFact(PLAY, order_id, f"pay_{order_id}", "SUCCEEDED", False, 1000 * len(seats)))
        facts.seats.extend(SeatFact(PLAY, seat, order_id, True) for seat in seats)
        facts.tickets.extend(TicketFact(PLAY, seat, order_id, is_signed=order_id == "ord_b") for seat in seats)
        facts.codes.extend(CodeFact(PLAY, seat, order_id) for seat in seats if order_id == "ord_b")
    facts.orders.append(OrderFact(PLAY, "ord_c", "PAYING", 1000, 1))
    facts.seats.append(SeatFact(PLAY, "C1", "ord_c", False))
    facts.payments.append(PaymentFact(PLAY, "ord_c", "pay_ord_c", "PENDING", False, 1000))
    facts.orders.append(OrderFact(PLAY, "ord_d", "REFUNDED", 1000, 1, 1000, True, "FREED"))
    facts.payments.append(PaymentFact(PLAY, "ord_d", "pay_ord_d", "SUCCEEDED", True, 1000))
    facts.orders.append(OrderFact(PLAY, "ord_e", "CANCELLED", 1000, 1))
    facts.totals.append(TotalsFact(PLAY, 3, 3000))
    return Facts(
        of_house(facts.seats),
        of_house(facts.orders),
        of_house(facts.tickets),
        of_house(facts.payments),
        of_house(facts.totals),
        of_house(facts.codes),
        of_house(facts.totals),
    )


def of_house(rows: list[AnyFact]) -> list[AnyFact]:
    """The same, of the house."""
    return [replace(row, house_id=HOUSE) for row in rows]


def broken(facts: Facts) -> dict[str, list[str]]:
    """The texts of the breaches by the comparison that found them."""
    return {c.name: [row.text for row in c.breaches] for c in crosscheck(facts) if c.breaches}


def set_order(facts: Facts, order_id: str, state: str) -> None:
    """Gives an order another state."""
    facts.orders[:] = [replace(row, state=state) if row.order_id == order_id else row for row in facts.orders]


def test_a_sound_world_has_no_breach() -> None:
    assert broken(sound_facts()) == {}


def test_every_comparison_tells_how_much_it_examined() -> None:
    assert all(comparison.examined > 0 for comparison in crosscheck(sound_facts()))


ONCE = "each seat has one active claim or sale"
ONE_TICKET = "each seat has one valid ticket"
SOLD = "each sold seat has its order's ticket, or is to be freed"
TICKET = "each ticket's seat is sold to its order"
CODED = "each signed ticket has a code that lets in"
CODE = "each code that lets in is its order's ticket"
CLAIM = "each claimed seat's order is still under way"
PAYMENT = "each payment ends in tickets or a refund"
PAID = "each confirmed order is paid, once, in full"
TOTALS = "reporting's totals equal a recompute from orders"
LEDGER = "reporting's ledger equals orders to the cent"
HOUSE_OF_PLAY = "all that services know of a performance is one house's"
HOUSE_OF_ORDER = "all that services know of an order is one house's"

MUTANTS: list[tuple[str, str, Callable[[Facts], object]]] = [
    ("a seat sold twice", ONCE, lambda f: f.seats.append(SeatFact(PLAY, "A1", "ord_b", True))),
    ("a sold seat claimed as well", ONCE, lambda f: f.seats.append(SeatFact(PLAY, "A1", "ord_c", False))),
    ("two tickets for one seat", ONE_TICKET, lambda f: f.tickets.append(TicketFact(PLAY, "A1", "ord_b"))),
    ("one ticket twice", ONE_TICKET, lambda f: f.tickets.append(TicketFact(PLAY, "A1", "ord_a"))),
    ("a sale without a ticket", SOLD, lambda f: f.tickets.pop(0)),
    ("a sale to an unknown order", SOLD, lambda f: f.seats.append(SeatFact(PLAY, "D1", "ord_x", True))),
    ("a sale to a cancelled order", SOLD, lambda f: f.seats.append(SeatFact(PLAY, "E1", "ord_e", True))),
    ("a ticket without a sale", TICKET, lambda f: f.seats.pop(0)),
    ("a ticket of a claimed seat", TICKET, lambda f: f.tickets.append(TicketFact(PLAY, "C1", "ord_c"))),
    ("a ticket of another performance", TICKET, lambda f: f.tickets.append(TicketFact("perf_2", "A1", "ord_a"))),
    ("a ticket of a refunded order", TICKET, lambda f: set_order(f, "ord_a", "REFUNDED")),
    ("a signed ticket whose code is void", CODED, lambda f: f.codes.pop(0)),
    ("a code of a cancelled order", CODE, lambda f: f.codes.append(CodeFact(PLAY, "E1", "ord_e"))),
    ("a code of nobody's", CODE, lambda f: f.codes.append(CodeFact(PLAY, "D1", "ord_x"))),
    ("a code of a seat that the order has not", CODE, lambda f: f.codes.append(CodeFact(PLAY, "D1", "ord_a"))),
    ("a claim of a cancelled order", CLAIM, lambda f: set_order(f, "ord_c", "CANCELLED")),
    ("a claim of a confirmed order", CLAIM, lambda f: set_order(f, "ord_c", "CONFIRMED")),
    ("a claim of nobody's", CLAIM, lambda f: f.seats.append(SeatFact(PLAY, "D1", "ord_x", False))),
    (
        "money for a cancelled order",
        PAYMENT,
        lambda f: f.payments.append(PaymentFact(PLAY, "ord_e", "pay_x", "SUCCEEDED", False, 1000)),
    ),
    (
        "money for nobody",
        PAYMENT,
        lambda f: f.payments.append(PaymentFact(PLAY, "ord_x", "pay_x", "SUCCEEDED", False, 1000)),
    ),
    ("a confirmed order unpaid", PAID, lambda f: f.payments.pop(0)),
    ("a confirmed order refunded", PAID, lambda f: f.payments.append(replace(f.payments.pop(0), refunded=True))),
    ("a confirmed order paid short", PAID, lambda f: f.payments.append(replace(f.payments.pop(0), amount_minor=1))),
    (
        "a confirmed order paid twice",
        PAID,
        lambda f: f.payments.append(PaymentFact(PLAY, "ord_a", "pay_x", "SUCCEEDED", False, 2000)),
    ),
    ("too many told sold", TOTALS, lambda f: f.totals.append(replace(f.totals.pop(), sold=4))),
    ("too much revenue told", TOTALS, lambda f: f.totals.append(replace(f.totals.pop(), revenue_minor=3001))),
    ("a performance untold", TOTALS, lambda f: f.totals.clear()),
    ("another house's seat", HOUSE_OF_PLAY, lambda f: f.seats.append(replace(f.seats.pop(), house_id="house_2"))),
    ("another house's order", HOUSE_OF_PLAY, lambda f: f.orders.append(replace(f.orders.pop(), house_id="house_2"))),
    ("another house's totals", HOUSE_OF_PLAY, lambda f: f.totals.append(replace(f.totals.pop(), house_id="house_2"))),
    (
        "another house's payment",
        HOUSE_OF_ORDER,
        lambda f: f.payments.append(replace(f.payments.pop(0), house_id="house_2")),
    ),
    (
        "another house's ticket",
        HOUSE_OF_ORDER,
        lambda f: f.tickets.append(replace(f.tickets.pop(0), house_id="house_2")),
    ),
    ("sales told of nothing", TOTALS, lambda f: f.totals.append(TotalsFact("perf_2", 1, 1000))),
    ("a ticket too many moved", LEDGER, lambda f: f.ledgers.append(replace(f.ledgers.pop(), sold=4))),
    ("a cent too little moved", LEDGER, lambda f: f.ledgers.append(replace(f.ledgers.pop(), revenue_minor=2999))),
    ("a performance that never moved", LEDGER, lambda f: f.ledgers.clear()),
    ("movements of nothing", LEDGER, lambda f: f.ledgers.append(TotalsFact("perf_2", 0, 1))),
    ("another house's ledger", HOUSE_OF_PLAY, lambda f: f.ledgers.append(replace(f.ledgers.pop(), house_id="house_2"))),
]


@pytest.mark.parametrize(("_what", "comparison", "mutate"), MUTANTS, ids=[mutant[0] for mutant in MUTANTS])
def test_a_broken_row_is_found(_what: str, comparison: str, mutate: Callable[[Facts], object]) -> None:
    facts = sound_facts()
    mutate(facts)
    assert comparison in broken(facts)


def test_money_with_a_refund_due_is_no_breach() -> None:
    facts = sound_facts()
    facts.orders.append(OrderFact(PLAY, "ord_f", "REFUND_DUE", 1000, 1, seats_are="FREED"))
    facts.payments.append(PaymentFact(PLAY, "ord_f", "pay_f", "SUCCEEDED", False, 1000))
    assert broken(facts) == {}


def refund_under_way() -> Facts:
    """Order a's refund takes its time: tickets ended, money and seats not back yet; it is in every figure still."""
    facts = sound_facts()
    set_order(facts, "ord_a", "REFUND_DUE")
    facts.tickets[:] = [ticket for ticket in facts.tickets if ticket.order_id != "ord_a"]
    return facts


def test_a_refund_under_way_is_no_breach_and_still_counts_as_sold() -> None:
    assert broken(refund_under_way()) == {}


def test_a_refund_under_way_that_keeps_its_tickets_is_a_breach() -> None:
    facts = sound_facts()
    set_order(facts, "ord_a", "REFUND_DUE")
    assert TICKET in broken(facts)


def test_a_refund_under_way_that_reporting_took_out_already_is_a_breach() -> None:
    facts = refund_under_way()
    facts.totals[0] = facts.ledgers[0] = replace(facts.totals[0], sold=1, revenue_minor=1000)
    assert TOTALS in broken(facts)


@pytest.mark.parametrize("seats_are", ["SOLD", "FREED"])
def test_seats_of_a_refunded_order_may_be_sold_only_while_the_order_knows_it(seats_are: str) -> None:
    facts = refund_under_way()
    facts.orders[0] = replace(facts.orders[0], state="REFUNDED", refunded_minor=2000, seats_are=seats_are)
    facts.payments[0] = replace(facts.payments[0], refunded=True, refunded_minor=2000)
    facts.totals[0] = facts.ledgers[0] = replace(facts.totals[0], sold=1, revenue_minor=1000)
    assert broken(facts).keys() == ({SOLD} if seats_are == "FREED" else set())


def test_a_claim_that_its_ended_order_still_has_to_free_is_no_breach() -> None:
    facts = sound_facts()
    facts.orders[:] = [
        replace(row, state="CANCELLED", seats_are="CLAIMED") if row.order_id == "ord_c" else row for row in facts.orders
    ]
    assert broken(facts) == {}


def partly_refunded() -> Facts:
    """3.00 of order a's 20.00 went back at the provider."""
    facts = sound_facts()
    facts.orders[0] = replace(facts.orders[0], refunded_minor=300)
    facts.payments[0] = replace(facts.payments[0], refunded_minor=300)
    facts.totals[0] = facts.ledgers[0] = replace(facts.totals[0], revenue_minor=2700)
    return facts


def test_a_part_refund_that_all_know_is_no_breach() -> None:
    assert broken(partly_refunded()) == {}


def test_a_part_refund_that_only_payments_knows_is_a_breach() -> None:
    facts = partly_refunded()
    facts.orders[0] = replace(facts.orders[0], refunded_minor=0)
    assert {PAID, TOTALS} <= broken(facts).keys()


def test_a_part_refund_that_payments_does_not_know_is_a_breach() -> None:
    facts = partly_refunded()
    facts.payments[0] = replace(facts.payments[0], refunded_minor=299)
    assert PAID in broken(facts)


def test_a_part_refund_that_is_not_taken_out_of_revenue_is_a_breach() -> None:
    facts = partly_refunded()
    facts.totals[0] = facts.ledgers[0] = replace(facts.totals[0], revenue_minor=3000)
    assert TOTALS in broken(facts)


def test_an_order_in_flight_is_no_breach_when_it_moved_on() -> None:
    between, after = sound_facts(), sound_facts()
    between.payments[2] = replace(between.payments[2], state="SUCCEEDED")  # the webhook is in, the saga not yet
    assert PAYMENT in broken(between)
    assert not any(comparison.breaches for comparison in persistent([crosscheck(between), crosscheck(after)]))


def test_a_breach_that_every_round_finds_counts() -> None:
    rounds = []
    for sold in (3, 4, 5):  # the sale goes on, but one sold seat never gets its ticket
        facts = sound_facts()
        facts.tickets.pop(0)
        facts.totals[0] = facts.ledgers[0] = replace(facts.totals[0], sold=sold)
        rounds.append(crosscheck(facts))
    assert {c.name for c in persistent(rounds) if c.breaches} == {SOLD}


def test_totals_that_stand_still_while_the_sale_moves_on_count() -> None:
    rounds = []
    for order_id in ("ord_f", "ord_g"):
        facts = sound_facts()
        facts.orders.append(OrderFact(PLAY, order_id, "CONFIRMED", 1000, 1, 0, True, "SOLD"))
        if order_id == "ord_g":
            facts.orders.append(OrderFact(PLAY, "ord_f", "CONFIRMED", 1000, 1, 0, True, "SOLD"))
        rounds.append(crosscheck(facts))
    assert TOTALS in {comparison.name for comparison in persistent(rounds) if comparison.breaches}
