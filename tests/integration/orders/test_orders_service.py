"""The orders service as its callers see it: real gRPC, real Postgres, the bus in Postgres, twins for the neighbours."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.orders.v1 import orders_events_pb2 as events
from balcon.orders.v1 import orders_service_pb2 as wire
from sqlalchemy import text

from services.orders.domain.order import Dispute
from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import ORDERS
from services.runtime.rpc.client import open_channel
from services.runtime.testing import eventually
from services.runtime.testing.servers import as_owner
from tests.integration.orders.conftest import CLOCK, IDS, Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of
from tests.integration.orders.trouble import refused
from tests.unit.orders.builders import HOUSE, SHOW


async def paid(stage: Stage, order: wire.Order) -> None:
    stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish()


async def test_a_hold_becomes_tickets(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    assert order.state == wire.ORDER_STATE_OPEN
    assert order.total.amount_minor == 5_000
    paying = (await orders.CheckOut(check_out_request(order))).order
    assert paying.state == wire.ORDER_STATE_PAYING
    assert paying.payment_url.startswith("https://pay.example/")
    await paid(stage, order)
    confirmed = (await orders.GetOrder(get_request(order))).order
    assert confirmed.state == wire.ORDER_STATE_CONFIRMED
    assert [ticket.seat_id for ticket in confirmed.tickets] == ["A-1", "A-2"]
    names = [wire.SeatName(zone="Ground", row="Row A", seat=seat) for seat in ("1", "2")]
    assert [line.seat_name for line in confirmed.lines] == names
    assert [ticket.seat_name for ticket in confirmed.tickets] == names
    assert all(len(ticket.barcode) >= 32 for ticket in confirmed.tickets)


async def test_a_payment_event_that_comes_twice_confirms_once(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await orders.CheckOut(check_out_request(order))
    stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish(twice=True)
    assert (await orders.GetOrder(get_request(order))).order.state == wire.ORDER_STATE_CONFIRMED
    assert stage.neighbours.inventory_trouble.calls.count("ConfirmClaim") == 1


async def test_what_happens_is_published_in_order_and_names_no_customer(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await orders.CheckOut(check_out_request(order))
    await paid(stage, order)
    await orders.GetOrder(get_request(order))
    ref = {"house_id": HOUSE, "order_id": order.order_id}
    await orders.RefundOrder(wire.RefundOrderRequest(**ref, idempotency_key="refund-1", reason="rain"))
    await stage.neighbours.publish()
    bus = open_bus(stage.settings["bus_url"], clock=CLOCK, ids=IDS, client_id="reader")
    reader = await bus.subscribe("reader", [ORDERS])
    told: list[tuple[str, str, bytes]] = []
    async with asyncio.timeout(120):
        async for batch in reader.batches():
            told += [
                (one.message.headers["ce_type"], one.message.headers["ce_sequence"].lstrip("0"), one.message.payload)
                for one in batch
            ]
            if len(told) >= 4:
                break
    await reader.close()
    await bus.close()
    assert [(name.rsplit(".", 1)[1], sequence) for name, sequence, _ in told] == [
        ("OrderCreated", "1"),
        ("OrderConfirmed", "2"),
        ("RefundBecameDue", "3"),
        ("OrderRefunded", "4"),
    ]
    created = events.OrderCreated.FromString(told[0][2])
    assert (created.order_id, created.house_id, created.performance_id) == (order.order_id, HOUSE, SHOW)
    assert [(line.seat_id, line.price.amount_minor) for line in created.lines] == [("A-1", 2_500)]
    assert (created.total.amount_minor, created.hold_until_ms) == (2_500, order.hold_until_ms)
    confirmed = events.OrderConfirmed.FromString(told[1][2])
    assert (confirmed.order_id, confirmed.total.amount_minor, confirmed.plan_version) == (order.order_id, 2_500, 3)
    assert not any(b"Ada" in payload or b"example.org" in payload for _, _, payload in told)


async def test_a_moved_owner_is_followed_and_never_taken_for_a_no(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    here = stage.neighbours.target
    moved = [refused("NOT_OWNER", endpoint=here, epoch="2"), refused("NOT_OWNER", endpoint="", epoch="0")]
    stage.neighbours.inventory_trouble.next = list(moved)
    assert (await orders.CheckOut(check_out_request(order))).order.state == wire.ORDER_STATE_PAYING


async def test_a_refusal_that_orders_does_not_know_is_never_taken_for_a_no(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    stage.neighbours.inventory_trouble.next = [refused("A_REASON_OF_A_LATER_VERSION")]
    await orders.CheckOut(check_out_request(order))

    async def is_paying() -> bool:
        return (await orders.GetOrder(get_request(order, 0))).order.state == wire.ORDER_STATE_PAYING

    await eventually(is_paying)


async def test_an_overloaded_inventory_is_asked_again_later(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    stage.neighbours.inventory_trouble.next = [refused("OVERLOADED", retry_after_ms="50")]
    await orders.CheckOut(check_out_request(order))

    async def is_paying() -> bool:
        return (await orders.GetOrder(get_request(order, 0))).order.state == wire.ORDER_STATE_PAYING

    await eventually(is_paying)


async def test_a_claim_whose_answer_is_lost_is_asked_again(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    stage.neighbours.inventory_trouble.after = [ValueError("the answer is lost")]
    await orders.CheckOut(check_out_request(order))

    async def is_paying() -> bool:
        return (await orders.GetOrder(get_request(order, 0))).order.state == wire.ORDER_STATE_PAYING

    await eventually(is_paying)
    assert stage.neighbours.inventory_trouble.calls.count("ClaimSeats") == 2


async def test_another_process_goes_on_where_one_stopped(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await orders.CheckOut(check_out_request(order))
    await stage.stop_all()
    await paid(stage, order)
    successor = await stage.start()
    assert (await successor.GetOrder(get_request(order))).order.state == wire.ORDER_STATE_CONFIRMED


async def test_two_processes_share_the_orders_and_their_news(stage: Stage) -> None:
    first, second = await stage.start(), await stage.start()
    made = [(await first.CreateOrder(stage.create_request(f"A-{number + 1}"))).order for number in range(6)]
    waiting = [asyncio.ensure_future(second.GetOrder(get_request(order))) for order in made]
    for place, order in enumerate(made):
        await (first, second)[place % 2].CheckOut(check_out_request(order))
        stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish()
    answers = await asyncio.gather(*waiting)
    assert {answer.order.state for answer in answers} == {wire.ORDER_STATE_CONFIRMED}
    assert stage.neighbours.inventory_trouble.calls.count("ConfirmClaim") == 6


async def test_the_same_checkout_at_two_processes_makes_one_payment(stage: Stage) -> None:
    first, second = await stage.start(), await stage.start()
    order = (await first.CreateOrder(stage.create_request("A-1"))).order
    answers = await asyncio.gather(
        *(process.CheckOut(check_out_request(order)) for process in (first, second)), return_exceptions=True
    )
    done = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert done
    assert all(isinstance(answer, grpc.aio.AioRpcError) for answer in answers if isinstance(answer, BaseException))
    assert len(stage.neighbours.payments.payments()) == 1


async def test_an_unpaid_order_is_cancelled_and_its_seats_are_free(stage: Stage) -> None:
    orders = await stage.start(payment_window_seconds=5)
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await orders.CheckOut(check_out_request(order))
    ended = (await orders.GetOrder(get_request(order))).order
    assert (ended.state, ended.cancel_reason) == (wire.ORDER_STATE_CANCELLED, wire.CANCEL_REASON_UNPAID)
    assert stage.neighbours.inventory.is_free(SHOW, "A-1")


async def test_an_open_order_that_is_given_up_gives_its_seats_back(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    given_up = wire.CancelOrderRequest(house_id=order.house_id, order_id=order.order_id)
    cancelled = (await orders.CancelOrder(given_up)).order
    assert (cancelled.state, cancelled.cancel_reason) == (wire.ORDER_STATE_CANCELLED, wire.CANCEL_REASON_BUYER)
    assert stage.neighbours.inventory.is_free(SHOW, "A-1")


async def test_a_buyer_who_moved_the_hold_keeps_it_when_the_order_is_given_up(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    stage.neighbours.inventory.move_hold(SHOW, order.hold_id, "A-2")
    given_up = wire.CancelOrderRequest(house_id=order.house_id, order_id=order.order_id)
    assert (await orders.CancelOrder(given_up)).order.state == wire.ORDER_STATE_CANCELLED
    assert not stage.neighbours.inventory.is_free(SHOW, "A-2")


async def test_a_free_order_needs_no_page_to_return_to(stage: Stage) -> None:
    orders = await stage.start()
    seats = [wire.SeatChoice(seat_id="A-1", ticket_type="free")]
    order = (await orders.CreateOrder(stage.create_request("A-1", seats=seats))).order
    await orders.CheckOut(check_out_request(order, return_url=""))
    assert (await orders.GetOrder(get_request(order))).order.state == wire.ORDER_STATE_CONFIRMED


async def test_an_open_order_is_told_with_the_end_that_its_hold_has_by_now(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    until_ms = order.hold_until_ms + 300_000
    stage.neighbours.inventory.extend_hold(SHOW, order.hold_id, until_ms)
    assert (await orders.GetOrder(get_request(order, 0))).order.hold_until_ms == until_ms


async def test_orders_are_listed_in_pages(stage: Stage) -> None:
    orders = await stage.start()
    made = [(await orders.CreateOrder(stage.create_request(f"B-{number + 1}"))).order.order_id for number in range(5)]
    found: list[str] = []
    token = ""
    while True:
        page = await orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE, page_size=2, page_token=token))
        found += [order.order_id for order in page.orders]
        token = page.next_page_token
        if not token:
            break
    assert sorted(found) == sorted(made)
    assert found[0] == made[-1]


async def test_the_audit_tells_orders_and_tickets_and_finds_nothing_wrong(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await orders.CheckOut(check_out_request(order))
    await paid(stage, order)
    await orders.GetOrder(get_request(order))
    async with open_channel(stage.target(), CLOCK) as channel:
        pages = [page async for page in AuditServiceStub(channel).Audit(AuditRequest())]
    checks = [check for page in pages for check in page.checks]
    assert {check.invariant for check in checks} == {"INV-1", "INV-3", "INV-7", "INV-8", "orders"}
    assert not [violation for check in checks for violation in check.violations]
    facts = [fact for page in pages for fact in page.facts]
    assert [(fact.order.state, fact.order.seats) for fact in facts if fact.HasField("order")] == [("CONFIRMED", 2)]
    assert [fact.ticket.seat_id for fact in facts if fact.HasField("ticket")] == ["A-1", "A-2"]
    ((told),) = [fact.order for fact in facts if fact.HasField("order")]
    assert (told.was_confirmed, told.seats_are, told.refunded.amount_minor) == (True, "SOLD", 0)


HARMS = {
    "no ended order keeps its seats for too long": "UPDATE orders SET seats = 'SOLD', state_since_ms = 1",
    "refunds come to what went back": "UPDATE orders SET state = 'REFUNDED'",
    "an order costs what its parts cost": "UPDATE order_parts SET total_minor = total_minor - 1",
}


@pytest.mark.parametrize("check", HARMS)
async def test_the_audit_finds_an_ended_order_whose_record_is_wrong(stage: Stage, check: str) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await orders.CancelOrder(wire.CancelOrderRequest(house_id=HOUSE, order_id=order.order_id))
    await orders.GetOrder(get_request(order))
    engine = as_owner(stage.settings["database_url"])
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE orders SET next_step_at_ms = NULL"))
        await connection.execute(text(HARMS[check]))
    await engine.dispose()
    async with open_channel(stage.target(), CLOCK) as channel:
        pages = [page async for page in AuditServiceStub(channel).Audit(AuditRequest())]
    broken = [check for page in pages for check in page.checks if check.violations]
    assert [one.name for one in broken] == [check]


async def test_parts_and_disputes_at_the_provider_are_shown_and_the_rest_ends_the_order(stage: Stage) -> None:
    orders = await stage.start()
    order = (await orders.CreateOrder(stage.create_request("A-1"))).order
    await orders.CheckOut(check_out_request(order))
    await paid(stage, order)
    await orders.GetOrder(get_request(order))
    payments, payment = stage.neighbours.payments, payment_of(stage.neighbours, order.order_id)
    payments.give_back(payment, 1_000)
    payments.dispute(payment, Dispute.OPEN)
    await stage.neighbours.publish()

    async def shown() -> None:
        now = (await orders.GetOrder(get_request(order, 0))).order
        assert (now.state, now.refunded.amount_minor) == (wire.ORDER_STATE_CONFIRMED, 1_000)
        assert now.dispute_state == wire.DISPUTE_STATE_OPEN

    await eventually(shown)
    payments.dispute(payment, Dispute.LOST)
    await stage.neighbours.publish()

    async def ended() -> None:
        now = (await orders.GetOrder(get_request(order, 0))).order
        assert (now.state, now.cancel_reason) == (wire.ORDER_STATE_REFUNDED, wire.CANCEL_REASON_HOUSE)
        assert now.dispute_state == wire.DISPUTE_STATE_LOST
        assert stage.neighbours.inventory.is_free(SHOW, "A-1")

    await eventually(ended)


async def test_an_order_is_confirmed_once_ticketing_has_answered_and_with_its_tickets(stage: Stage) -> None:
    orders = await stage.start()
    stage.neighbours.tickets.refused += ["SEAT_HAS_TICKET", "ORDER_ENDED"]
    stage.neighbours.ticketing_trouble.after.append(ConnectionError("the answer is lost"))
    order = (await orders.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await orders.CheckOut(check_out_request(order))
    await paid(stage, order)
    confirmed = (await orders.GetOrder(get_request(order))).order
    assert {ticket.barcode for ticket in confirmed.tickets} == {
        ticket.barcode for ticket in stage.neighbours.ticketing.tickets.values()
    }
    assert stage.neighbours.ticketing_trouble.calls == ["IssueTickets"] * 3
