"""R2.11: what buyers answer in a house's form is kept sealed with their orders: read by few, and gone when it must."""

from __future__ import annotations

import json

import grpc
import pytest
from balcon.customers.v1 import customers_pb2 as pb
from balcon.customers.v1 import order_answers_pb2 as form
from balcon.orders.v1 import orders_events_pb2 as order_events
from balcon.ticketing.v1 import ticketing_service_pb2 as tickets

from services.customers.adapters.postgres_customers import PostgresCustomers
from services.runtime.ids import RandomIds
from services.runtime.seal import Seal
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from tests.integration.customers.neighbours import DUTCH, GERMAN, Neighbours
from tests.integration.customers.stage import SHOW, Customers

ADA = "ada@example.org"
YEAR_MS = 365 * 86_400_000


def an_answer(name: str, seat_id: str = "A-1") -> form.OrderAnswer:
    return form.OrderAnswer(
        form_field_id="visitor", label="Visitor", performance_id=SHOW, seat_id=seat_id, values=[name]
    )


async def keep(customers: Customers, customer_id: str, *answers: form.OrderAnswer, order_id: str = "ord_1") -> None:
    request = form.KeepOrderAnswersRequest(house_id=DUTCH, order_id=order_id, customer_id=customer_id, answers=answers)
    await customers.stub.KeepOrderAnswers(request)


async def kept(customers: Customers, order_id: str = "ord_1", house_id: str = DUTCH) -> list[form.OrderAnswer]:
    request = form.GetOrderAnswersRequest(house_id=house_id, order_id=order_id)
    return list((await customers.stub.GetOrderAnswers(request)).answers)


async def test_answers_are_kept_as_a_whole_sealed_and_of_one_house(customers: Customers) -> None:
    ada = await customers.customer(ADA)
    await keep(customers, ada, an_answer("Grace Hopper"), an_answer("Edsger", "A-2"))
    await keep(customers, ada, an_answer("Barbara Liskov"))
    assert await kept(customers) == [an_answer("Barbara Liskov")]
    assert not await kept(customers, house_id=GERMAN)
    everything = await customers.everything()
    assert "Liskov" not in everything
    assert "Hopper" not in everything
    nobody = form.KeepOrderAnswersRequest(house_id=DUTCH, order_id="ord_2", customer_id="cus_nobody")
    assert (await refusal(customers.stub.KeepOrderAnswers(nobody))).reason == "CUSTOMER_NOT_FOUND"
    bad = form.KeepOrderAnswersRequest(
        house_id=DUTCH, order_id="ord_2", customer_id=ada, answers=[form.OrderAnswer(form_field_id="a b")]
    )
    told = await refusal(customers.stub.KeepOrderAnswers(bad))
    assert [one.field for one in told.violations] == [
        "answers[0].form_field_id",
        "answers[0].label",
        "answers[0].values",
    ]


async def test_a_person_is_told_their_answers_and_they_go_with_the_person(customers: Customers) -> None:
    ada, eve = await customers.customer(ADA), await customers.customer("eve@example.org")
    await keep(customers, eve, an_answer("Grace Hopper"))
    merge = pb.MergeCustomersRequest(house_id=DUTCH, customer_id=ada, merged_customer_id=eve)
    await customers.stub.MergeCustomers(merge)
    export = pb.ExportCustomerRequest(house_id=DUTCH, customer_id=ada)
    told = json.loads((await customers.stub.ExportCustomer(export)).json)
    assert told["form_answers"] == [
        {
            "order_id": "ord_1",
            "question": "Visitor",
            "answer": ["Grace Hopper"],
            "performance_id": SHOW,
            "seat_id": "A-1",
        }
    ]
    await customers.stub.EraseCustomer(pb.EraseCustomerRequest(house_id=DUTCH, customer_id=ada))
    assert not await kept(customers)


async def test_a_person_is_told_the_names_on_tickets_and_the_letters_that_ticketing_keeps(
    customers: Customers, neighbours: Neighbours
) -> None:
    ada, eve = await customers.customer(ADA), await customers.customer("eve@example.org")
    merge = pb.MergeCustomersRequest(house_id=DUTCH, customer_id=ada, merged_customer_id=eve)
    await customers.stub.MergeCustomers(merge)
    ticketing = neighbours.ticketing
    ticket = tickets.SoldTicket(ticket_id="tkt_1", order_id="ord_1", performance_id=SHOW, seat_id="A-1", holder_id=ada)
    ticketing.kept[DUTCH, ada] = tickets.GetTicketsOfCustomersResponse(
        tickets=[tickets.TicketOfCustomer(ticket=ticket, name="Grace Hopper")]
    )
    ticketing.kept[DUTCH, eve] = tickets.GetTicketsOfCustomersResponse(
        letters=[tickets.LetterOfCustomer(delivery_id="dlv_1", order_id="ord_1", email="once@example.org")]
    )
    export = pb.ExportCustomerRequest(house_id=DUTCH, customer_id=ada)
    told = json.loads((await customers.stub.ExportCustomer(export)).json)
    seat = {"ticket_id": "tkt_1", "order_id": "ord_1", "performance_id": SHOW, "seat_id": "A-1", "holder_id": ada}
    assert told["tickets"] == [{"ticket": seat, "name": "Grace Hopper"}]
    assert told["letters"] == [{"delivery_id": "dlv_1", "order_id": "ord_1", "email": "once@example.org"}]
    # Half an answer is none.
    ticketing.is_away = True
    with pytest.raises(grpc.aio.AioRpcError) as away:
        await customers.stub.ExportCustomer(export)
    assert away.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_answers_stay_as_long_as_the_papers_of_what_was_paid_and_days_without(
    customers: Customers, clock: ShiftedClock
) -> None:
    ada = await customers.customer(ADA)
    for order_id in ("ord_1", "ord_given_up", "ord_never_made"):
        await keep(customers, ada, an_answer("Grace Hopper"), order_id=order_id)
    await customers.bought("ord_1", ada)
    await customers.tell_order(
        order_events.OrderCancelled(order_id="ord_given_up", house_id=DUTCH, performance_id=SHOW)
    )
    await customers.heard()
    seal = Seal(["a-secret-of-these-tests"], owner="customers")
    store = PostgresCustomers(customers.service.sql(), clock=clock, ids=RandomIds(), seal=seal, wake=lambda: None)
    await store.purge_old(clock.now_ms() + 1_000, 100)
    assert await customers.rows("SELECT order_id FROM form_answers") == [("ord_1",)]
    # Seven years in the Netherlands, from the end of this one.
    await store.purge_old(clock.now_ms() + 7 * YEAR_MS, 100)
    assert await kept(customers)
    await store.purge_old(clock.now_ms() + 9 * YEAR_MS, 100)
    assert not await kept(customers)
