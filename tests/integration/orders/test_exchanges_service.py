"""Exchanges over the wires and in the record: told by GetOrder, locked for others, each side once (R2.9)."""

from __future__ import annotations

import asyncio

from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.orders.v1 import order_acts_pb2 as acts
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.order_acts_pb2_grpc import OrderActsServiceStub

from services.runtime.rpc.client import open_channel
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.orders.conftest import CLOCK, Stage, check_out_request, get_request
from tests.integration.orders.test_orders_service import paid
from tests.unit.orders.builders import HOUSE, SHOW


def given(order: wire.Order, *seats: str) -> wire.ExchangeChoice:
    lines = [wire.ExchangedLine(performance_id=SHOW, seat_id=seat) for seat in seats]
    return wire.ExchangeChoice(order_id=order.order_id, lines=lines)


async def test_r2_9_a_ticket_is_exchanged_and_the_record_of_both_orders_says_so(stage: Stage) -> None:
    orders = await stage.start()
    old = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await orders.CheckOut(check_out_request(old))
    await paid(stage, old)
    await orders.GetOrder(get_request(old))
    many = stage.create_request("A-5", "A-6", exchange=given(old, "A-1", "A-2"))
    # The customer is the old order's: none is named.
    many.ClearField("customer")
    dear = (await orders.CreateOrder(many)).order
    new = (await orders.CreateOrder(stage.create_request("A-3", exchange=given(old, "A-1")))).order
    assert new.customer_id == old.customer_id
    assert (new.exchange.order_id, new.exchange.pays.amount_minor, new.to_pay.amount_minor) == (old.order_id, 2_500, 0)
    answers = await asyncio.gather(
        orders.CheckOut(check_out_request(new, return_url="")),
        orders.CheckOut(check_out_request(dear, return_url="")),
        return_exceptions=True,
    )
    first, second = (new, dear) if not isinstance(answers[0], BaseException) else (dear, new)
    told = await refusal(orders.CheckOut(check_out_request(second, idempotency_key="again", return_url="")))
    assert told.reason in {"LINES_IN_EXCHANGE", "TICKETS_ENDED"}
    if told.reason == "LINES_IN_EXCHANGE":
        assert told.facts["new_order_id"] == first.order_id
    await stage.neighbours.publish()

    async def is_done() -> None:
        seen = (await orders.GetOrder(get_request(first, 0))).order
        assert (seen.state, seen.exchange.state) == (wire.ORDER_STATE_CONFIRMED, wire.EXCHANGE_STATE_DONE)
        before = (await orders.GetOrder(get_request(old, 0))).order
        released = [line.seat_id for line in before.lines if line.state == wire.LINE_STATE_RELEASED]
        assert released == [line.seat_id for line in seen.exchange.lines]
        assert [one.state for one in before.given] == [wire.EXCHANGE_STATE_DONE]
        (refund,) = before.refunds
        assert (refund.route, refund.act_id) == (wire.REFUND_ROUTE_EXCHANGE, first.order_id)
        assert (refund.state, refund.amount.amount_minor) == (wire.REFUND_STATE_DONE, seen.exchange.pays.amount_minor)

    await eventually(is_done)
    async with open_channel(stage.target(), CLOCK) as channel:
        release = acts.CancelLinesRequest(house_id=HOUSE, order_id=old.order_id, idempotency_key="r1")
        await OrderActsServiceStub(channel).CancelLines(release)
        pages = [page async for page in AuditServiceStub(channel).Audit(AuditRequest())]
        assert not [text for page in pages for check in page.checks for text in check.violations]
