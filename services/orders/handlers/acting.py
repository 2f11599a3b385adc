"""Joins decide, apply and the timetable into the act that a store runs under the order's lock. Calls nobody."""

from __future__ import annotations

from services.orders.domain.commands import Command
from services.orders.domain.order import Order
from services.orders.domain.steps import Timing, due_at_ms
from services.orders.domain.transitions import apply_all, decide
from services.orders.ports import Act, Acted
from services.runtime.clock import Clock
from services.runtime.errors import Refusal


def act_on(command: Command, clock: Clock, timing: Timing) -> Act:
    """The act that gives `command` to whatever the order is by then."""

    def act(order: Order) -> Acted | Refusal:
        now_ms = clock.now_ms()
        decision = decide(order, command, now_ms)
        if isinstance(decision, Refusal):
            return decision
        after = apply_all(order, decision)
        return Acted(after, decision, due_at_ms(after, now_ms, timing))

    return act
