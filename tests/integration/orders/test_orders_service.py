"""The orders service as its callers see it: real gRPC, real Postgres, the bus in Postgres, twins for the neighbours."""

from __future__ import annotations

from balcon.orders.v1 import orders_service_pb2 as wire

from tests.integration.orders.conftest import Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of


async def test_a_hold_becomes_tickets(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    assert order.state == wire.ORDER_STATE_OPEN
    assert order.total.amount_minor == 5_000
    paying = (await orders.CheckOut(check_out_request(order))).order
    assert paying.state == wire.ORDER_STATE_PAYING
    assert paying.payment_url.startswith("https://pay.example/")
    stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish()
    confirmed = (await orders.GetOrder(get_request(order))).order
    assert confirmed.state == wire.ORDER_STATE_CONFIRMED
    assert [ticket.seat_id for ticket in confirmed.tickets] == ["A-1", "A-2"]
    assert all(len(ticket.barcode) >= 32 for ticket in confirmed.tickets)
