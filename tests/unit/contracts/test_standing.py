"""One definition of what counts in between: the names are orders' own, and reporting counts by it in every state."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.contracts import standing
from services.orders.adapters.order_events import published
from services.orders.domain import commands
from services.orders.domain.changes import Change
from services.orders.domain.order import Money, Order, OrderState, SeatStatus
from services.orders.domain.transitions import apply_all, decide
from services.reporting.adapters.event_facts import fact_of
from services.reporting.domain.totals import OrderFigures, Totals, fold
from services.runtime.errors import Refusal
from services.runtime.outbox.event import IncomingEvent
from tests.unit.orders.builders import HOUSE, NOW_MS, SHOW, an_order, tickets_for

STATES = {state.value for state in OrderState}
SEATS = {seats.value for seats in SeatStatus}


def test_every_name_is_a_state_of_an_order_or_of_its_seats() -> None:
    for names in (
        standing.HAS_TICKETS,
        standing.COUNTS_AS_SOLD,
        standing.KEEPS_MONEY,
        standing.UNRESOLVED,
        standing.MAY_CLAIM,
    ):
        assert names <= STATES
    assert standing.KEEPS_CLAIM | standing.KEEPS_SALE | {"HELD", "FREED"} == SEATS


def test_orders_tickets_are_valid_exactly_where_it_says() -> None:
    valid = {state.value for state in OrderState if an_order(state=state).tickets_are_valid}
    assert valid == standing.HAS_TICKETS


TO_CONFIRMED: list[commands.Command] = [
    commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", NOW_MS + 60_000),
    commands.SeatsClaimed(),
    commands.PaymentPending("pay_1", "https://pay.example/1"),
    commands.PaymentSucceeded("pay_1"),
    commands.SaleConfirmed(tickets_for(an_order())),
]
PART = commands.PaymentPartlyRefunded("pay_1", 1_333)
WHOLE = commands.PaymentRefunded("pay_1")
STORIES: dict[str, list[commands.Command]] = {
    "our own refund, slow": [*TO_CONFIRMED, commands.RefundOrder("rain"), WHOLE, commands.SeatsFreed()],
    "a refund at the provider": [*TO_CONFIRMED, WHOLE, commands.SeatsFreed()],
    "parts, then the rest by us": [*TO_CONFIRMED, PART, commands.RefundOrder("rain"), WHOLE],
    "a part while the refund is due": [*TO_CONFIRMED, commands.RefundOrder("rain"), PART, WHOLE],
    "paid, but the seats are gone": [
        *TO_CONFIRMED[:-1],
        commands.ClaimMissing(),
        commands.ClaimRefused(),
        commands.ClaimRefused(),
        WHOLE,
    ],
    "refunded before the sale was confirmed": [*TO_CONFIRMED[:-1], WHOLE, commands.SeatsFreed()],
}


class Reporting:
    """Reporting's figures of the one performance, by orders' events alone."""

    def __init__(self) -> None:
        self.totals = Totals(HOUSE, SHOW)
        self._order: OrderFigures | None = None
        self._sequence = 0

    def hears(self, before: Order, order: Order, told: Sequence[Change]) -> None:
        for event in published(before, order, told):
            self._sequence += 1
            fact = fact_of(
                IncomingEvent(
                    id=f"evt_{self._sequence}",
                    source="balcon.orders",
                    topic=event.topic,
                    key=event.key,
                    type=event.type,
                    payload=event.payload,
                    sequence=self._sequence,
                    time_ms=NOW_MS,
                    house_id=event.house_id,
                )
            )
            if fact is not None:
                self.totals, self._order = fold(self.totals, self._order, fact)


@pytest.mark.parametrize("story", STORIES)
def test_reporting_counts_an_order_exactly_where_it_says(story: str) -> None:
    order, reporting = an_order(), Reporting()
    for command in STORIES[story]:
        decision = decide(order, command, NOW_MS)
        assert not isinstance(decision, Refusal), decision
        before, order = order, apply_all(order, decision)
        reporting.hears(before, order, decision)
        counts = order.state.value in standing.COUNTS_AS_SOLD and order.confirmed_at_ms > 0
        wanted = (2, 5_000 - order.refunded.amount_minor) if counts else (0, 0)
        assert (reporting.totals.sold, reporting.totals.revenue_minor) == wanted, order.state
    assert (order.state, order.refunded) == (OrderState.REFUNDED, order.total)
