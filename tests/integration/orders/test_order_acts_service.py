"""Refund, cancel and release of lines over the wires: each told by GetOrder, each once, each refused with its facts
(docs/decisions/0049)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.orders.v1 import order_acts_pb2 as acts
from balcon.orders.v1 import order_work_pb2 as work
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.order_acts_pb2_grpc import OrderActsServiceStub
from balcon.orders.v1.order_work_pb2_grpc import OrderWorkServiceStub
from balcon.types.v1.money_pb2 import Money

from services.orders.ports import RefundStatus
from services.runtime.rpc.client import open_channel
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.orders.conftest import CLOCK, Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of
from tests.integration.orders.test_customers_of_orders import rows
from tests.integration.orders.test_orders_service import paid
from tests.integration.orders.trouble import refused
from tests.unit.orders.builders import HOUSE, SHOW

A1 = acts.LineName(performance_id=SHOW, seat_id="A-1")


async def test_a_line_is_given_back_and_the_other_stays(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await orders.CheckOut(check_out_request(order))
    await paid(stage, order)
    await orders.GetOrder(get_request(order))
    async with open_channel(stage.target(), CLOCK) as channel:
        stub = OrderActsServiceStub(channel)
        release = acts.ReleaseLinesRequest(house_id=HOUSE, order_id=order.order_id, idempotency_key="r1", lines=[A1])
        assert (await refusal(stub.ReleaseLines(release))).reason == "TICKETS_STILL_VALID"
        much = Money(amount_minor=5_001, currency="EUR")
        large = await refusal(
            stub.RefundLines(
                acts.RefundLinesRequest(house_id=HOUSE, order_id=order.order_id, idempotency_key="r2", amount=much)
            )
        )
        assert (large.reason, large.facts["left"]) == ("REFUND_TOO_LARGE", "EUR 50.00")
        request = acts.RefundLinesRequest(
            house_id=HOUSE,
            order_id=order.order_id,
            idempotency_key="r3",
            lines=[A1],
            cancel_tickets=True,
            release_seats=True,
            reason="ill",
        )
        first = (await stub.RefundLines(request)).order
        again = (await stub.RefundLines(request)).order
        assert [ticket.seat_id for ticket in first.tickets] == [ticket.seat_id for ticket in again.tickets] == ["A-2"]
        assert [(one.amount.amount_minor, one.made_by) for one in again.refunds] == [(2_500, wire.REFUND_MAKER_HOUSE)]

        async def is_back() -> None:
            seen = (await orders.GetOrder(get_request(order, 0))).order
            assert (seen.state, seen.refunded.amount_minor) == (wire.ORDER_STATE_CONFIRMED, 2_500)
            assert [line.state for line in seen.lines] == [wire.LINE_STATE_RELEASED, wire.LINE_STATE_UNSPECIFIED]
            assert seen.refunds[0].lines[0].amount.amount_minor == 2_500

        await eventually(is_back)
        stuck = await OrderWorkServiceStub(channel).ListStuckOrders(work.ListStuckOrdersRequest(house_id=HOUSE))
        assert list(stuck.orders) == []
        pages = [page async for page in AuditServiceStub(channel).Audit(AuditRequest())]
        assert not [text for page in pages for check in page.checks for text in check.violations]
        told = [fact.order for page in pages for fact in page.facts if fact.HasField("order")]
        assert [(one.seats, one.seats_are, one.refunded.amount_minor) for one in told] == [(1, "SOLD", 2_500)]


async def test_r5_8_a_refund_that_is_stuck_is_told_with_the_providers_last_word_and_what_helps(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.neighbours.payments, "_refunds_at_once", False)
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await orders.CheckOut(check_out_request(order))
    await paid(stage, order)
    await orders.GetOrder(get_request(order))
    payment = payment_of(stage.neighbours, order.order_id)
    async with open_channel(stage.target(), CLOCK) as channel:
        await OrderActsServiceStub(channel).RefundLines(
            acts.RefundLinesRequest(
                house_id=HOUSE, order_id=order.order_id, idempotency_key="r1", lines=[A1], cancel_tickets=True
            )
        )

        async def is_asked_for() -> None:
            assert len(payment.refunds) == 1

        await eventually(is_asked_for)
        [(key, seen)] = payment.refunds.items()
        payment.refunds[key] = replace(seen, status=RefundStatus.STUCK, refused_for="charge_for_pending_refund")

        async def told() -> work.StuckOrder:
            # As after many tries; it tries no more while it is looked at.
            await rows(stage, "UPDATE orders SET step_failures = 6, next_step_at_ms = 9999999999999")
            listed = await OrderWorkServiceStub(channel).ListStuckOrders(work.ListStuckOrdersRequest(house_id=HOUSE))
            [one] = listed.orders
            return one

        async def is_explained() -> None:
            one = await told()
            assert (one.reason, one.owed.amount_minor) == (work.STUCK_REASON_REFUND, 2_500)
            assert list(one.remedies) == [work.STUCK_REMEDY_SETTLE_REFUND]
            assert list(one.refunds) == [
                work.StuckRefund(
                    payment_id=payment.payment_id,
                    refund_key=key,
                    left=Money(amount_minor=2_500, currency="EUR"),
                    refused_for="charge_for_pending_refund",
                    remedy=work.STUCK_REMEDY_SETTLE_REFUND,
                )
            ]

        await eventually(is_explained)
        stage.neighbours.payments_trouble.next.extend(refused("OVERLOADED") for _ in range(1_000))
        away = await told()
        assert (list(away.refunds), list(away.remedies)) == ([], [work.STUCK_REMEDY_TRY_NOW])
