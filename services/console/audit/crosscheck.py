"""The comparisons between services, pure: facts in, rows that break an invariant out (architecture section 7).

The records are read one after the other, so an order in flight may look wrong for a moment: `persistent` tells apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from services.console.audit.facts import (
    Breach,
    CodeFact,
    Comparison,
    Facts,
    OrderFact,
    PaymentFact,
    SeatFact,
    TicketFact,
    TotalsFact,
)
from services.contracts.standing import HAS_TICKETS, KEEPS_CLAIM, KEEPS_MONEY, KEEPS_SALE, MAY_CLAIM, UNRESOLVED


def crosscheck(facts: Facts) -> list[Comparison]:
    """Every comparison, whether or not it found something."""
    return [
        _compare("INV-1", "each seat has one active claim or sale", len(facts.seats), _seats_once(facts)),
        _compare("INV-1", "each seat has one valid ticket", len(facts.tickets), _tickets_once(facts)),
        _compare(
            "INV-1",
            "each sold seat has its order's ticket, or is to be freed",
            len(facts.seats),
            _sold_have_tickets(facts),
        ),
        _compare("INV-1", "each ticket's seat is sold to its order", len(facts.tickets), _tickets_are_sold(facts)),
        _compare("INV-1", "each signed ticket has a code that lets in", len(facts.tickets), _tickets_have_codes(facts)),
        _compare("INV-1", "each code that lets in is its order's ticket", len(facts.codes), _codes_have_tickets(facts)),
        _compare("INV-1", "each claimed seat's order is still under way", len(facts.seats), _claims_have_orders(facts)),
        _compare("INV-3", "each payment ends in tickets or a refund", len(facts.payments), _payments_end(facts)),
        _compare("INV-3", "each confirmed order is paid, once, in full", len(facts.orders), _confirmed_are_paid(facts)),
        _compare(
            "INV-7", "reporting's totals equal a recompute from orders", len(facts.totals), _agree(facts, facts.totals)
        ),
        _compare(
            "INV-7", "reporting's ledger equals orders to the cent", len(facts.ledgers), _agree(facts, facts.ledgers)
        ),
        _compare("INV-8", "all that services know of a performance is one house's", *_one_house(facts, "performance")),
        _compare("INV-8", "all that services know of an order is one house's", *_one_house(facts, "order")),
    ]


def persistent(rounds: Sequence[Sequence[Comparison]]) -> list[Comparison]:
    """The last round's comparisons with what every round found alike; a breach that moved was an order in flight."""
    *earlier, last = rounds
    result = []
    for index, comparison in enumerate(last):
        common = {(breach.subject, breach.found) for breach in comparison.breaches}
        for comparisons in earlier:
            common &= {(breach.subject, breach.found) for breach in comparisons[index].breaches}
        kept = tuple(breach for breach in comparison.breaches if (breach.subject, breach.found) in common)
        result.append(Comparison(comparison.invariant, comparison.name, comparison.examined, kept))
    return result


def _compare(invariant: str, name: str, examined: int, breaches: Iterator[Breach]) -> Comparison:
    return Comparison(invariant, name, examined, tuple(breaches))


def _orders(facts: Facts) -> dict[str, OrderFact]:
    return {order.order_id: order for order in facts.orders}


def _state(orders: dict[str, OrderFact], order_id: str) -> str:
    return orders[order_id].state if order_id in orders else "unknown"


def _seats_are(facts: Facts) -> dict[tuple[str, str], str]:
    """What orders say of the seats, by performance and order."""
    return {(order.performance_id, order.order_id): order.seats_are for order in facts.orders}


def _doubled(rows: Sequence[tuple[str, str, str]], what: str) -> Iterator[Breach]:
    """Rows are (performance, seat, order); each seat that comes twice."""
    orders_of = defaultdict(list)
    for performance_id, seat_id, order_id in rows:
        orders_of[performance_id, seat_id].append(order_id)
    for (performance_id, seat_id), order_ids in orders_of.items():
        if len(order_ids) > 1:
            names = ", ".join(sorted(order_ids))
            subject = f"{performance_id} seat {seat_id}"
            yield Breach(subject, names, f"{subject} has {len(order_ids)} {what}: orders {names}")


def _seats_once(facts: Facts) -> Iterator[Breach]:
    yield from _doubled([(seat.performance_id, seat.seat_id, seat.order_id) for seat in facts.seats], "claims or sales")


def _tickets_once(facts: Facts) -> Iterator[Breach]:
    rows = [(ticket.performance_id, ticket.seat_id, ticket.order_id) for ticket in facts.tickets]
    yield from _doubled(rows, "tickets")


def _key(ticket: TicketFact | CodeFact) -> tuple[str, str, str]:
    return ticket.performance_id, ticket.seat_id, ticket.order_id


def _sold_have_tickets(facts: Facts) -> Iterator[Breach]:
    orders, seats_are = _orders(facts), _seats_are(facts)
    tickets = {_key(ticket) for ticket in facts.tickets}
    off_sale = {
        (order.performance_id, seat_id, order.order_id) for order in facts.orders for seat_id in order.off_sale_seat_ids
    }
    for seat in facts.seats:
        if not seat.sold or (seat.performance_id, seat.seat_id, seat.order_id) in off_sale:
            continue  # a cancelled line's seat stays sold until somebody puts it back on sale
        state = _state(orders, seat.order_id)
        has_ticket = (seat.performance_id, seat.seat_id, seat.order_id) in tickets
        keeps = seats_are.get((seat.performance_id, seat.order_id), "") in KEEPS_SALE
        if not has_ticket and state not in HAS_TICKETS and keeps:
            continue  # the refund is under way: the order has ended the tickets and frees the seat after the money
        if state not in HAS_TICKETS or not has_ticket:
            subject = f"{seat.performance_id} seat {seat.seat_id}"
            found = f"order {seat.order_id} is {state} and has {'a' if has_ticket else 'no'} ticket for it"
            yield Breach(subject, found, f"{subject} is sold, but {found}")


def _tickets_are_sold(facts: Facts) -> Iterator[Breach]:
    orders = _orders(facts)
    sold = {(seat.performance_id, seat.seat_id, seat.order_id) for seat in facts.seats if seat.sold}
    for ticket in facts.tickets:
        state = _state(orders, ticket.order_id)
        subject = f"{ticket.performance_id} seat {ticket.seat_id}"
        if _key(ticket) not in sold:
            found = f"a ticket of order {ticket.order_id}"
            yield Breach(subject, found, f"{subject} has {found}, but inventory has not sold it to that order")
        elif state not in HAS_TICKETS:
            found = f"a valid ticket of order {ticket.order_id}, which is {state}"
            yield Breach(subject, found, f"{subject} has {found}")


def _tickets_have_codes(facts: Facts) -> Iterator[Breach]:
    codes = {_key(code) for code in facts.codes}
    for ticket in facts.tickets:
        if ticket.is_signed and _key(ticket) not in codes:
            subject = f"{ticket.performance_id} seat {ticket.seat_id}"
            found = f"a ticket of order {ticket.order_id}"
            yield Breach(subject, found, f"{subject} has {found}, whose code lets nobody in")


def _codes_have_tickets(facts: Facts) -> Iterator[Breach]:
    orders, tickets = _orders(facts), {_key(ticket) for ticket in facts.tickets}
    for code in facts.codes:
        state = _state(orders, code.order_id)
        # Made before the order is confirmed, and void once ticketing has heard of a refund.
        if _key(code) not in tickets and state not in UNRESOLVED:
            subject = f"{code.performance_id} seat {code.seat_id}"
            found = f"a code of order {code.order_id}, which is {state}"
            yield Breach(subject, found, f"{subject} has {found} and has no such ticket")


def _claims_have_orders(facts: Facts) -> Iterator[Breach]:
    orders, seats_are = _orders(facts), _seats_are(facts)
    for seat in facts.seats:
        state = _state(orders, seat.order_id)
        keeps = seats_are.get((seat.performance_id, seat.order_id), "") in KEEPS_CLAIM
        if not seat.sold and state not in MAY_CLAIM and not keeps:
            subject = f"{seat.performance_id} seat {seat.seat_id}"
            found = f"order {seat.order_id} is {state}"
            yield Breach(subject, found, f"{subject} is claimed, but {found}")


def _payments_end(facts: Facts) -> Iterator[Breach]:
    orders = _orders(facts)
    for payment in facts.payments:
        if payment.state != "SUCCEEDED" or payment.refunded:
            continue
        state = _state(orders, payment.order_id)
        if state not in KEEPS_MONEY:
            found = f"order {payment.order_id} is {state}"
            text = f"payment {payment.payment_id} of {payment.amount_minor} is in and not refunded, but {found}"
            yield Breach(f"payment {payment.payment_id}", found, text)


def _confirmed_are_paid(facts: Facts) -> Iterator[Breach]:
    """Captured = confirmed + refunded, parts included: what payments kept is what the order still stands for."""
    kept = defaultdict(list)
    for payment in facts.payments:
        if payment.state == "SUCCEEDED" and not payment.refunded:
            kept[payment.order_id].append(payment.amount_minor - payment.refunded_minor)
    for order in facts.orders:
        if order.paid_under not in {"", order.performance_id}:
            continue  # another part of an order that is compared under its payment's performance
        amounts = kept.get(order.order_id, [])
        costs = order.total_minor if order.order_total_minor is None else order.order_total_minor
        wanted = [order.order_kept_minor] if costs else []
        if order.state in HAS_TICKETS and amounts != wanted:
            found = f"payments of {amounts}"
            text = f"order {order.order_id} is {order.state} at {order.order_kept_minor}, with {found} kept"
            yield Breach(f"order {order.order_id}", found, text)


def _agree(facts: Facts, of_reporting: Sequence[TotalsFact]) -> Iterator[Breach]:
    """Tickets and money of each performance, as orders' own record has them."""
    sold: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    for order in facts.orders:
        if order.counts_as_sold:
            sold[order.performance_id] += order.seats
            revenue[order.performance_id] += order.kept_minor
    told = {totals.performance_id: (totals.sold, totals.revenue_minor) for totals in of_reporting}
    for performance_id in sorted(sold.keys() | told.keys()):
        right = sold[performance_id], revenue[performance_id]
        if told.get(performance_id, (0, 0)) != right:
            shown = told.get(performance_id, (0, 0))
            # Not `right`: while a sale runs the truth moves all the time; that reporting stands still is the breach.
            found = f"reporting says {shown[0]} sold for {shown[1]}"
            text = f"{performance_id}: {found}, orders say {right[0]} for {right[1]}"
            yield Breach(performance_id, found, text)


def _one_house(facts: Facts, kind: str) -> tuple[int, Iterator[Breach]]:
    """How many things of the kind there are, and those that records of different houses speak of."""
    houses: dict[str, set[str]] = defaultdict(set)
    rows: list[SeatFact | OrderFact | TicketFact | PaymentFact | CodeFact]
    rows = [*facts.seats, *facts.orders, *facts.tickets, *facts.payments, *facts.codes]
    for row in rows:
        if row.house_id:
            houses[row.performance_id if kind == "performance" else row.order_id].add(row.house_id)
    for totals in [*facts.totals, *facts.ledgers] if kind == "performance" else ():
        if totals.house_id:
            houses[totals.performance_id].add(totals.house_id)
    return len(houses), _of_several(houses, kind)


def _of_several(houses: dict[str, set[str]], kind: str) -> Iterator[Breach]:
    for name, found in houses.items():
        if len(found) > 1:
            names = ", ".join(sorted(found))
            yield Breach(f"{kind} {name}", names, f"{kind} {name} is of several houses: {names}")
