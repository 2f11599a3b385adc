"""The machine of an exchange: what the old order says of the lines that it gives, and the new one of those it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.orders.domain.commands import (
    Command,
    EndExchange,
    ExchangeEnded,
    ExchangeLost,
    FreeExchange,
    OpenExchange,
)
from services.orders.domain.exchanges import Exchange, ExchangeStatus, ExchangeTerms
from services.orders.domain.exchanging import given_for, worth_minor
from services.orders.domain.order import Order, OrderState
from services.orders.domain.refunds import LineRef
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, an_order
from tests.unit.orders.walks import confirmed
from tools.diagrams import START, Edge, Machine

_NEW = "ord_2"
_TERMS = ExchangeTerms()


def exchange_machine() -> Machine:
    """Every command said in every state, to either order."""
    words = (
        "Lines of one order that are given for another, as both orders have it. They are locked when the new order is\n"
        "checked out, and end when it has its tickets; what is over never opens again."
    )
    return Machine("Exchange", words, sorted({*_of_the_old(), *_of_the_new()}))


def _of_the_old() -> Iterator[Edge]:
    """From the order as it was sold, and whatever becomes of it."""
    start = confirmed()
    lines = (LineRef(start.first.performance_id, start.first.seat_ids[0]),)
    worth = worth_minor(start, lines, _TERMS)
    told = (OpenExchange(_NEW, lines, worth, _TERMS), EndExchange(_NEW, lines, worth, _TERMS), FreeExchange(_NEW))
    seen, waiting = {start}, [start]
    while waiting:
        order = waiting.pop()
        for command in told:
            after = _after(order, command)
            yield Edge(_given(order), _given(after), type(command).__name__)
            if after not in seen:
                seen.add(after)
                waiting.append(after)


def _given(order: Order) -> str:
    known = given_for(order, _NEW)
    return known.status.value if known else START


def _of_the_new() -> Iterator[Edge]:
    """With tickets, and without."""
    exchange = Exchange("ord_1", (LineRef("perf_1", "A-1"),), 0, 0)
    ends = (confirmed(), an_order(state=OrderState.CANCELLED))
    for order in (replace(one, order_id=_NEW, exchange=exchange) for one in ends):
        status = ExchangeStatus.DONE if order.confirmed_at_ms else ExchangeStatus.FREED
        lost = (ExchangeLost(),) if order.confirmed_at_ms else ()
        for command in (ExchangeEnded(status), *lost):
            yield Edge(_taken(order), _taken(_after(order, command)), type(command).__name__)


def _taken(order: Order) -> str:
    return order.exchange.status.value if order.exchange else START


def _after(order: Order, command: Command) -> Order:
    decision = decide(order, command, NOW_MS)
    return order if isinstance(decision, Refusal) else apply_all(order, decision)
