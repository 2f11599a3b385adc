"""Draws the state machines of the domain out of their own transition functions: docs/state-machines.md.

A machine is a list of edges that somebody found by asking the domain; nothing here knows a rule. To add one, write a
function that asks yours and put it into MACHINES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from services.orders.domain import commands
from services.orders.domain.order import LineStatus, Order
from services.orders.domain.transitions import apply_all
from services.orders.domain.transitions import decide as decide_order
from services.payments.domain.next_attempt import next_act
from services.payments.domain.payment import Payment, PaymentState, apply
from services.payments.domain.transitions import Report, ReportKind, Verdict, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, an_order
from tests.unit.orders.walks import PAY_UNTIL_MS, every_command
from tests.unit.payments.builders import payment
from tools.diagrams import START, Edge, Machine, mermaid, table
from tools.exchange_diagrams import exchange_machine
from tools.money_diagrams import account_machine, charge_machine, payment_refund_machine, voucher_machine
from tools.request_diagrams import refund_request_machine


def page(header: str) -> str:
    """Every machine, one after the other."""
    parts = [header, "# State machines\n\n", "Each is drawn from the function that decides, asked in every state.\n"]
    for make in MACHINES:
        machine = make()
        parts.append(f"\n## {machine.title}\n\n{machine.words}\n\n{mermaid(machine.edges)}")
        if machine.table:
            parts.append(f"\n{machine.table}")
    return "".join(parts)


def _payment_in(state: PaymentState, cancel_asked_at_ms: int | None = None) -> Payment:
    authorised_at_ms = NOW_MS if state is PaymentState.AUTHORISED else None
    return payment(state=state, authorised_at_ms=authorised_at_ms, cancel_asked_at_ms=cancel_asked_at_ms)


def _told(start: Payment, kind: ReportKind) -> tuple[Payment, Verdict]:
    decision = decide(start, Report(kind, provider_ref="ref"), NOW_MS)
    for change in decision.changes:
        start = apply(start, change)
    return start, decision.verdict


def payment_machine() -> Machine:
    """From all states and reports. What a visit then asks for differs once a cancel was asked for."""
    edges, rows = [Edge(START, PaymentState.CREATING.value, "")], []
    for state in PaymentState:
        cells = []
        for kind in ReportKind:
            end, verdict = _told(_payment_in(state), kind)
            edges.append(Edge(state.value, end.state.value, kind.value))
            cells.append(f"**{end.state.value}**" if end.state is not state else verdict.value.replace("_", " "))
        asked = [next_act(_payment_in(state, cancel)).value for cancel in (None, NOW_MS)]
        rows.append([f"`{state.value}`", *cells, " / ".join(dict.fromkeys(asked))])
    words = (
        "What the provider reports about a payment. Uncertain is not failed: it changes nothing and is asked about\n"
        "again. What is authorised is captured, unless its cancel was asked for. The table's last column is what is\n"
        "asked next, without and with a cancel that was asked for."
    )
    head = ["state", *(kind.value.replace("_", " ") for kind in ReportKind), "next"]
    return Machine("Payment", words, edges, table(head, rows))


def order_machine() -> Machine:
    """From every order that any sequence of commands makes out of an open one, paid or free."""
    edges = {Edge(START, an_order().state.value, "")}
    for start in (an_order(), an_order(price=0)):
        edges |= set(_order_edges(start))
    words = (
        "What people ask for and what inventory and payments answer. Seats go only on proof that no money will come,\n"
        "and money that came ends in tickets or goes back."
    )
    return Machine("Order", words, sorted(edges))


def _order_edges(start: Order) -> Iterator[Edge]:
    for order, label, after in _walk(start):
        yield Edge(order.state.value, after.state.value, label)


def _walk(start: Order) -> Iterator[tuple[Order, str, Order]]:
    """Every order that can be reached, what was told to it, and what that made of it."""
    seen: set[Order] = set()
    waiting = [start]
    while waiting:
        order = waiting.pop()
        if order in seen:
            continue
        seen.add(order)
        for command in every_command(order):
            said = replace(command, expected_total=order.total) if isinstance(command, commands.CheckOut) else command
            now_ms = PAY_UNTIL_MS if isinstance(command, commands.GiveUpUnpaid) else NOW_MS
            decision = decide_order(order, said, now_ms)
            if isinstance(decision, Refusal) or not decision:
                continue
            # When it happened tells states apart for nothing.
            after = replace(apply_all(order, decision), state_since_ms=NOW_MS, confirmed_at_ms=0)
            yield order, type(command).__name__, after
            waiting.append(after)


def order_line_machine() -> Machine:
    """What any sequence of commands makes of the lines of an order."""
    edges = {Edge(START, LineStatus.VALID.value, "")}
    for order, label, after in _walk(an_order()):
        lines = zip(*(((line for part in one.parts for line in part.lines)) for one in (order, after)), strict=True)
        edges |= {Edge(line.status.value, now.status.value, label) for line, now in lines}
    words = (
        "A ticket is cancelled, and its seat goes back on sale when the house says so and inventory has taken it out\n"
        "of the sale. Cancel and release are two acts, and neither waits for money."
    )
    return Machine("Line of an order", words, sorted(edges))


def order_refund_machine() -> Machine:
    """What any sequence of commands makes of the refunds of an order; one is known by its id."""
    edges: set[Edge] = set()
    for order, label, after in _walk(an_order()):
        before = {one.refund_id: one.state.value for one in order.refunds}
        edges |= {Edge(before.get(one.refund_id, START), one.state.value, label) for one in after.refunds}
    words = (
        "What an order owes back is done when payments has proof that the money is back. What went back without us is\n"
        "told as done, and never owed. A job over a performance asks each order for one."
    )
    return Machine("Refund of an order", words, sorted(edges))


MACHINES: Sequence[Callable[[], Machine]] = (
    order_machine,
    order_line_machine,
    order_refund_machine,
    exchange_machine,
    refund_request_machine,
    payment_machine,
    payment_refund_machine,
    charge_machine,
    voucher_machine,
    account_machine,
)
