"""Bad input gets a clear error that names the field and the limit; nothing is changed, nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_UNSPECIFIED

from services.orders.ports import Offer
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from tests.integration.orders.conftest import CLOCK, Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of
from tests.unit.orders.builders import HOUSE, SHOW, a_hold, a_plan, an_offer

LONG = "x" * 65


async def refusal_to(call: Awaitable[Any]) -> RemoteRefusal:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    refusal = refusal_of(raised.value)
    assert refusal is not None, raised.value
    return refusal


FIELDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("idempotency_key", {"idempotency_key": "x" * 129}),
    ("house_id", {"house_id": "no house!"}),
    ("performance_id", {"performance_id": ""}),
    ("hold_id", {"hold_id": LONG}),
    ("holder_id", {"holder_id": "a b"}),
    ("seats", {"seats": []}),
    ("seats", {"seats": [wire.SeatChoice(seat_id=f"A-{number}") for number in range(101)]}),
    ("seats[0].seat_id", {"seats": [wire.SeatChoice(seat_id="x" * 65)]}),
    ("seats[1].seat_id", {"seats": [wire.SeatChoice(seat_id="A-1"), wire.SeatChoice(seat_id="A-1")]}),
    ("seats[0].ticket_type", {"seats": [wire.SeatChoice(seat_id="A-1", ticket_type="x" * 65)]}),
    ("customer.name", {"customer": wire.Customer(name="", email="ada@example.org")}),
    ("customer.name", {"customer": wire.Customer(name="x" * 201, email="ada@example.org")}),
    ("customer.name", {"customer": wire.Customer(name="Ada\nBcc: all", email="ada@example.org")}),
    ("customer.email", {"customer": wire.Customer(name="Ada", email="ada at example.org")}),
    ("customer.email", {"customer": wire.Customer(name="Ada", email="ada@localhost")}),
    ("customer.email", {"customer": wire.Customer(name="Ada", email=f"ada@{'x' * 60}.{'y' * 60}.{'z' * 140}.org")}),
    ("channel", {"channel": CHANNEL_UNSPECIFIED}),
    ("channel", {"channel": 17}),
)


async def test_every_field_of_create_order_is_bounded_and_named(stage: Stage) -> None:
    orders = await stage.start()
    request = stage.create_request("A-1")
    for field, changes in FIELDS:
        bad = wire.CreateOrderRequest()
        bad.CopyFrom(request)
        for name, value in changes.items():
            bad.ClearField(name)  # type: ignore[arg-type]
            bad.MergeFrom(wire.CreateOrderRequest(**{name: value}))
        refusal = await refusal_to(orders.CreateOrder(bad))
        assert (refusal.reason, refusal.facts["field"]) == ("FIELD_INVALID", field), changes
        assert refusal.facts["limit"]
    assert not (await orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE))).orders
    assert (await orders.CreateOrder(request)).order.state == wire.ORDER_STATE_OPEN


async def test_a_hold_must_be_the_buyers_and_alive(stage: Stage) -> None:
    orders = await stage.start()
    foreign = await refusal_to(orders.CreateOrder(stage.create_request("A-1", holder_id="somebody")))
    assert (foreign.reason, foreign.code) == ("HOLD_FOREIGN", grpc.StatusCode.PERMISSION_DENIED)
    unknown = await refusal_to(orders.CreateOrder(stage.create_request("A-2", hold_id="hold_unknown")))
    assert unknown.reason == "HOLD_NOT_FOUND"
    stage.neighbours.inventory.hold(SHOW, a_hold("A-3", hold_id="hold_old", until_ms=CLOCK.now_ms() - 60_000))
    seats = [wire.SeatChoice(seat_id="A-3")]
    expired = await refusal_to(orders.CreateOrder(stage.create_request("A-4", hold_id="hold_old", seats=seats)))
    assert expired.reason in {"HOLD_EXPIRED", "HOLD_NOT_FOUND"}


async def test_a_hold_that_is_in_an_open_order_is_refused_with_that_order(stage: Stage) -> None:
    orders = await stage.start()
    first = (await orders.CreateOrder(stage.create_request("A-1"))).order
    request = stage.create_request("A-2", hold_id=first.hold_id, seats=[wire.SeatChoice(seat_id="A-1")])
    refusal = await refusal_to(orders.CreateOrder(request))
    assert (refusal.reason, refusal.facts["order_id"], refusal.facts["state"]) == (
        "HOLD_HAS_ORDER",
        first.order_id,
        "OPEN",
    )


async def test_a_check_out_without_its_hold_says_what_became_of_that(stage: Stage) -> None:
    orders = await stage.start()
    moved = (await orders.CreateOrder(stage.create_request("A-1"))).order
    stage.neighbours.inventory.move_hold(SHOW, moved.hold_id, "A-4")
    refusal = await refusal_to(orders.CheckOut(check_out_request(moved)))
    assert (refusal.reason, refusal.facts["not_in_hold"], refusal.facts["left_out"]) == ("SEATS_NOT_HELD", "A-1", "A-4")
    assert (await orders.GetOrder(get_request(moved, 0))).order.state == wire.ORDER_STATE_OPEN
    ended = (await orders.CreateOrder(stage.create_request("A-8"))).order
    stage.neighbours.inventory.end_hold(SHOW, ended.hold_id)
    refusal = await refusal_to(orders.CheckOut(check_out_request(ended)))
    assert (refusal.reason, refusal.facts["hold_id"]) == ("HOLD_EXPIRED", ended.hold_id)


async def test_the_seats_must_be_exactly_the_holds(stage: Stage) -> None:
    orders = await stage.start()
    seats = [wire.SeatChoice(seat_id="A-1"), wire.SeatChoice(seat_id="A-3")]
    refusal = await refusal_to(orders.CreateOrder(stage.create_request("A-1", "A-2", seats=seats)))
    assert (refusal.reason, refusal.facts["not_in_hold"], refusal.facts["left_out"]) == ("SEATS_NOT_HELD", "A-3", "A-2")


async def test_an_unknown_ticket_type_is_named(stage: Stage) -> None:
    orders = await stage.start()
    seats = [wire.SeatChoice(seat_id="A-1", ticket_type="senior")]
    refusal = await refusal_to(orders.CreateOrder(stage.create_request("A-1", seats=seats)))
    assert (refusal.reason, refusal.facts["ticket_type"]) == ("TICKET_TYPE_UNKNOWN", "senior")
    assert refusal.facts["known"] == "free,normal,student"


async def test_more_seats_than_a_holder_may_have_are_refused_with_the_limit(stage: Stage) -> None:
    orders = await stage.start()
    stage.neighbours.catalogue.put(HOUSE, an_offer(seats_per_holder=2), a_plan())
    refusal = await refusal_to(orders.CreateOrder(stage.create_request("A-1", "A-2", "A-3")))
    assert (refusal.facts["field"], refusal.facts["limit"]) == ("seats", "at most 2 an order")


async def test_another_channel_than_the_holds_is_refused(stage: Stage) -> None:
    orders = await stage.start()
    refusal = await refusal_to(orders.CreateOrder(stage.create_request("A-1", channel=CHANNEL_BOX_OFFICE)))
    assert refusal.reason == "CHANNEL_MISMATCH"


async def test_a_foreign_or_closed_performance_is_refused(stage: Stage) -> None:
    orders = await stage.start()
    foreign = await refusal_to(orders.CreateOrder(stage.create_request("A-1", house_id="house_b")))
    assert foreign.reason == "PERFORMANCE_NOT_FOUND"
    closed: Offer = an_offer(on_sale=False)
    stage.neighbours.catalogue.put(HOUSE, closed, a_plan())
    assert (await refusal_to(orders.CreateOrder(stage.create_request("A-2")))).reason == "NOT_ON_SALE"


async def test_a_wrong_amount_is_refused_with_both_amounts_and_the_order_stays_open(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    wrong = Money(amount_minor=1, currency="EUR")
    refusal = await refusal_to(orders.CheckOut(check_out_request(order, expected_total=wrong)))
    assert (refusal.reason, refusal.facts["total_minor"]) == ("WRONG_AMOUNT", "2500")
    assert refusal.facts["expected"] == "EUR 0.01"
    assert (await orders.CheckOut(check_out_request(order))).order.state == wire.ORDER_STATE_PAYING


async def test_every_field_of_check_out_is_bounded_and_named(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    bad: tuple[tuple[str, dict[str, Any]], ...] = (
        ("return_url", {"return_url": ""}),
        ("return_url", {"return_url": "javascript:alert(1)"}),
        ("return_url", {"return_url": "https://" + "x" * 2_048}),
        ("return_url", {"return_url": "https://shop.example/\r\nSet-Cookie: a"}),
        ("expected_total.currency", {"expected_total": Money(amount_minor=2_500, currency="eur")}),
        ("expected_total.amount_minor", {"expected_total": Money(amount_minor=-1, currency="EUR")}),
        ("idempotency_key", {"idempotency_key": ""}),
    )
    for field, changes in bad:
        refusal = await refusal_to(orders.CheckOut(check_out_request(order, **changes)))
        assert (refusal.reason, refusal.facts["field"]) == ("FIELD_INVALID", field)


async def test_a_key_with_other_content_is_refused(stage: Stage) -> None:
    orders = await stage.start()
    request = stage.create_request("A-1", key="key-1")
    order = (await orders.CreateOrder(request)).order
    assert (await orders.CreateOrder(request)).order.order_id == order.order_id
    refusal = await refusal_to(orders.CreateOrder(stage.create_request("A-2", key="key-1")))
    assert refusal.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_another_house_cannot_tell_that_an_order_exists(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    foreign = {"house_id": "house_b", "order_id": order.order_id}
    calls: list[Awaitable[Any]] = [
        orders.GetOrder(wire.GetOrderRequest(house_id="house_b", order_id=order.order_id)),
        orders.CancelOrder(wire.CancelOrderRequest(**foreign)),
        orders.RefundOrder(wire.RefundOrderRequest(**foreign, idempotency_key="key-r")),
        orders.CheckOut(check_out_request(order, house_id="house_b")),
    ]
    for call in calls:
        assert (await refusal_to(call)).reason == "ORDER_NOT_FOUND"
    assert not (await orders.ListOrders(wire.ListOrdersRequest(house_id="house_b"))).orders


async def test_what_a_state_does_not_allow_is_refused_with_the_state(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    ref = {"house_id": HOUSE, "order_id": order.order_id}
    early = await refusal_to(orders.RefundOrder(wire.RefundOrderRequest(**ref, idempotency_key="key-r")))
    assert (early.reason, early.facts["state"]) == ("ORDER_NOT_CONFIRMED", "OPEN")
    await orders.CheckOut(check_out_request(order))
    stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish()
    await orders.GetOrder(get_request(order))
    late = await refusal_to(orders.CancelOrder(wire.CancelOrderRequest(**ref)))
    assert (late.reason, late.facts["state"]) == ("ORDER_PAID", "CONFIRMED")


@pytest.mark.parametrize("token", ["!", "AAAA", "x" * 300, "MTIzOm9yZCAx"])
async def test_a_page_token_of_somebody_elses_making_is_refused(stage: Stage, token: str) -> None:
    orders = await stage.start()
    refusal = await refusal_to(orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE, page_token=token)))
    assert (refusal.reason, refusal.facts["field"]) == ("FIELD_INVALID", "page_token")


async def test_pages_and_waits_have_limits(stage: Stage) -> None:
    orders = await stage.start()
    size = await refusal_to(orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE, page_size=501)))
    assert size.facts["field"] == "page_size"
    wait = await refusal_to(orders.GetOrder(wire.GetOrderRequest(house_id=HOUSE, order_id="ord_1", wait_ms=30_001)))
    assert wait.facts["field"] == "wait_ms"
