"""Exchanges over the wires and in the record: told by GetOrder, locked for others, each side once (R2.9)."""

from __future__ import annotations

import asyncio

from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.orders.v1 import buyer_policy_pb2 as policy
from balcon.orders.v1 import order_acts_pb2 as acts
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1 import own_exchanges_pb2 as own
from balcon.orders.v1.buyer_policy_pb2_grpc import BuyerPolicyServiceStub
from balcon.orders.v1.order_acts_pb2_grpc import OrderActsServiceStub
from balcon.orders.v1.own_exchanges_pb2_grpc import OwnExchangesServiceStub
from google.protobuf.field_mask_pb2 import FieldMask

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


async def test_r2_9_a_code_of_the_order_opens_an_exchange_and_its_quote_over_the_wires(stage: Stage) -> None:
    orders = await stage.start()
    old = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await orders.CheckOut(check_out_request(old))
    await paid(stage, old)
    code = (await orders.GetOrder(get_request(old))).order.tickets[0].barcode
    async with open_channel(stage.target(), CLOCK) as channel:
        said = policy.BuyerPolicy(exchanges=policy.ExchangeRules(rule=policy.REQUEST_RULE_GRANTED, fee_minor=200))
        update = policy.UpdateBuyerPolicyRequest(
            house_id=HOUSE, buyer_policy=said, update_mask=FieldMask(paths=["exchanges"]), etag='"0"'
        )
        await BuyerPolicyServiceStub(channel).UpdateBuyerPolicy(update)
        quoting = OwnExchangesServiceStub(channel)
        ask = own.QuoteOwnExchangeRequest(house_id=HOUSE, order_id=old.order_id, ticket_code=code)
        told = await quoting.QuoteOwnExchange(ask)
        assert [line.seat_id for line in told.lines] == ["A-1", "A-2"]
        assert (told.worth.amount_minor, told.kept.amount_minor, told.worth.currency) == (4_600, 400, "EUR")
        ask.ticket_code = "WRONG"
        assert (await refusal(quoting.QuoteOwnExchange(ask))).reason == "ORDER_CODE_WRONG"
    choice = given(old, "A-1")
    choice.ticket_codes.append("WRONG")
    wrong = stage.create_request("A-3", exchange=choice)
    told_wrong = await refusal(orders.CreateOrder(wrong))
    assert (told_wrong.reason, told_wrong.facts) == ("ORDER_CODE_WRONG", {})
    choice.ticket_codes[0] = code
    new = (await orders.CreateOrder(stage.create_request("A-4", exchange=choice))).order
    assert (new.exchange.worth.amount_minor, new.to_pay.amount_minor) == (2_300, 200)
    choice.ticket_codes.append("x" * 2_000)
    long = await refusal(orders.CreateOrder(stage.create_request("A-5", exchange=choice)))
    assert long.reason == "FIELD_INVALID"
    assert long.facts["field"] == "exchange.ticket_codes[1]"
    assert "xxx" not in long.message
