"""Events of other services as facts: what is read, what is ignored, what is refused."""

from dataclasses import replace

import pytest
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceOpenedForSale
from balcon.catalogue.v1.catalogue_service_pb2 import Performance, Price
from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.orders.v1.orders_events_pb2 import OrderCancelled, OrderConfirmed, OrderRefunded, RefundBecameDue
from balcon.orders.v1.orders_service_pb2 import OrderLine
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.reporting.adapters.event_facts import EventMalformed, fact_of
from services.reporting.domain.facts import (
    PerformanceDescribed,
    SaleConfirmed,
    SaleRefunded,
    SeatsCounted,
    TicketsSold,
)
from services.runtime.outbox.event import IncomingEvent


def event(message: Message, *, sequence: int = 4) -> IncomingEvent:
    return IncomingEvent(
        id="evt_1",
        source="orders",
        topic="topic",
        key="p1",
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        sequence=sequence,
        time_ms=77,
        house_id="h1",
    )


def line(category: str, amount_minor: int, currency: str = "EUR") -> OrderLine:
    return OrderLine(
        seat_id="s", category=category, ticket_type="normal", price=Money(amount_minor=amount_minor, currency=currency)
    )


def confirmed(*lines: OrderLine) -> OrderConfirmed:
    return OrderConfirmed(
        order_id="o1",
        house_id="h1",
        performance_id="p1",
        channel=CHANNEL_BOX_OFFICE,
        lines=lines or [line("A", 2500)],
        confirmed_at_ms=5,
    )


def test_a_confirmed_order_is_a_sale_with_one_line_for_each_category() -> None:
    message = confirmed(line("B", 1000), line("A", 2500), line("A", 0))
    assert fact_of(event(message)) == SaleConfirmed(
        "h1", "p1", "o1", Channel.BOX_OFFICE, "EUR", (TicketsSold("A", 2, 2500), TicketsSold("B", 1, 1000)), 5
    )


def test_a_refunded_order_is_a_refund_whatever_its_lines() -> None:
    message = OrderRefunded(order_id="o1", house_id="h1", performance_id="p1", refunded_at_ms=6)
    assert fact_of(event(message)) == SaleRefunded("h1", "p1", "o1", 6)


def test_the_catalogues_events_describe_the_performance_as_of_their_sequence() -> None:
    prices = [Price(category="A", amount=Money(amount_minor=2500, currency="SEK"))]
    performance = Performance(performance_id="p1", house_id="h1", title="Elckerlijc", capacity=1222, prices=prices)
    message = PerformanceOpenedForSale(performance=performance)
    assert fact_of(event(message)) == PerformanceDescribed("h1", "p1", 4, "Elckerlijc", 1222, "SEK", 77)


def test_counts_are_taken_as_they_are() -> None:
    message = AvailabilityChanged(house_id="h1", performance_id="p1", epoch=3, version=9, observed_at_ms=8)
    message.counts.free, message.counts.held, message.counts.capacity = 5, 2, 7
    assert fact_of(event(message)) == SeatsCounted("h1", "p1", 3, 9, 5, 2, 0, 0, 0, 7, 8)


@pytest.mark.parametrize("message", [OrderCancelled(order_id="o1"), RefundBecameDue(order_id="o1")])
def test_events_that_change_no_figure_are_ignored(message: Message) -> None:
    assert fact_of(event(message)) is None


def test_a_type_of_a_later_release_is_ignored() -> None:
    assert fact_of(replace(event(confirmed()), type="balcon.orders.v1.OrderSplit", payload=b"\xff")) is None


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (replace(event(confirmed()), payload=b"\xff\xff"), "payload"),
        (replace(event(confirmed()), house_id="h2"), "house_id"),
        (replace(event(confirmed()), key="p2"), "performance_id"),
        (event(confirmed(line("A", 1, "EUR"), line("A", 1, "SEK"))), "lines"),
        (event(OrderConfirmed(order_id="o1", house_id="h1", performance_id="p1", channel=CHANNEL_BOX_OFFICE)), "lines"),
        (event(OrderConfirmed(order_id="o1", house_id="h1", performance_id="p1", lines=[line("A", 1)])), "channel"),
        (event(OrderRefunded(order_id="", house_id="h1", performance_id="p1")), "order_id"),
        (event(OrderRefunded(order_id="o" * 65, house_id="h1", performance_id="p1")), "order_id"),
        (event(OrderRefunded(order_id="o1", performance_id="p1")), "house_id"),
        (event(AvailabilityChanged(house_id="h1", performance_id="p1", epoch=2**63)), "epoch or version"),
    ],
)
def test_an_event_that_breaks_its_contract_is_refused_by_field(broken: IncomingEvent, field: str) -> None:
    with pytest.raises(EventMalformed) as caught:
        fact_of(broken)
    assert caught.value.facts["field"] == field


@given(st.binary(max_size=200), st.sampled_from([OrderConfirmed, OrderRefunded, AvailabilityChanged]))
def test_bytes_of_any_kind_are_a_fact_or_refused(payload: bytes, kind: type[Message]) -> None:
    try:
        fact_of(replace(event(kind()), payload=payload))
    except EventMalformed as refused:
        assert refused.facts["event_id"] == "evt_1"
