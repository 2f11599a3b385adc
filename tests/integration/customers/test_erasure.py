"""A person is told all that is kept, and removed; what was paid stays locked as long as the law asks."""

from __future__ import annotations

import json

import grpc
import pytest
from balcon.customers.v1 import consents_pb2, own_data_pb2
from balcon.customers.v1 import customers_pb2 as pb
from balcon.customers.v1.customers_events_pb2 import CustomerErased
from balcon.orders.v1 import orders_events_pb2 as order_events
from balcon.orders.v1 import orders_service_pb2 as orders

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.customers.neighbours import DUTCH, GERMAN, Neighbours, an_order
from tests.integration.customers.stage import Customers, a_buyer, a_tick

PAID_MS = 1_780_000_000_000  # in 2026
ADA = "ada@example.org"


async def erase(customers: Customers, customer_id: str, house_id: str = DUTCH) -> pb.ErasedCustomer:
    request = pb.EraseCustomerRequest(house_id=house_id, customer_id=customer_id)
    return (await customers.stub.EraseCustomer(request)).erased


async def person(customers: Customers) -> str:
    """Ada, with a consent, a purchase, a session and a tick of an order that is not there."""
    news = await customers.asking()
    ada = await customers.customer(ADA)
    answer = consents_pb2.AnswerConsentsRequest(house_id=DUTCH, customer_id=ada, ticks=[a_tick(news)])
    await customers.consents.AnswerConsents(answer)
    await customers.identified(a_buyer(ADA, ref="ord_never", ticks=[a_tick(news)]))
    await customers.session(ADA)
    await customers.bought("ord_1", ada)
    return ada


async def test_a_person_is_told_all_that_is_kept(customers: Customers, neighbours: Neighbours) -> None:
    ada = await person(customers)
    neighbours.orders.made.append(an_order("ord_1", ada, orders.ORDER_STATE_CONFIRMED, paid_ms=PAID_MS))
    request = pb.ExportCustomerRequest(house_id=DUTCH, customer_id=ada)
    told = json.loads((await customers.stub.ExportCustomer(request)).json)
    assert (told["customer"]["name"], told["customer"]["email"]) == ("Ada Lovelace", ADA)
    [consent] = told["consents"]
    assert (consent["state"], consent["history"][0]["source"]) == ("confirmed", "box_office")
    assert [one["order_id"] for one in told["orders"]] == ["ord_1"]


async def test_who_never_paid_is_gone_without_a_trace_but_the_id(customers: Customers) -> None:
    ada = await person(customers)
    erased = await erase(customers, ada)
    assert not erased.HasField("locked_until")
    everything = await customers.everything()
    assert "Lovelace" not in everything
    assert ADA not in everything
    kept = await customers.rows("SELECT table_name FROM information_schema.columns WHERE column_name = 'customer_id'")
    for (table,) in kept:
        assert table == "erasures" or not await customers.rows(f"SELECT 1 FROM {table} WHERE customer_id = '{ada}'")
    assert isinstance((await customers.events())[-1], CustomerErased)
    gone = pb.GetCustomerRequest(house_id=DUTCH, customer_id=ada)
    assert (await refusal(customers.stub.GetCustomer(gone))).reason == "CUSTOMER_NOT_FOUND"


async def test_erasing_twice_tells_the_first_answer_and_publishes_once(customers: Customers) -> None:
    ada = await customers.customer(ADA)
    assert await erase(customers, ada) == await erase(customers, ada)
    assert len(await customers.events()) == 1
    foreign = pb.EraseCustomerRequest(house_id=GERMAN, customer_id=ada)
    assert (await refusal(customers.stub.EraseCustomer(foreign))).reason == "CUSTOMER_NOT_FOUND"


async def test_what_was_paid_stays_sealed_until_its_years_are_over_and_then_goes(
    customers: Customers, neighbours: Neighbours, clock: ShiftedClock
) -> None:
    ada = await customers.customer(ADA)
    neighbours.orders.made.append(an_order("ord_1", ada, orders.ORDER_STATE_REFUNDED, paid_ms=PAID_MS))
    erased = await erase(customers, ada)
    # Seven years in the Netherlands, from the end of 2026.
    assert erased.locked_until.ToJsonString() == "2033-12-31T23:00:00Z"
    assert ADA not in await customers.everything()
    listed = await customers.stub.ListErasedCustomers(pb.ListErasedCustomersRequest(house_id=DUTCH))
    assert list(listed.customers) == [erased]


async def test_an_order_that_is_being_paid_locks_until_it_has_ended(
    customers: Customers, neighbours: Neighbours
) -> None:
    ada = await customers.customer(ADA)
    neighbours.orders.made.append(an_order("ord_1", ada, orders.ORDER_STATE_PAYING, paid_ms=PAID_MS))
    assert (await erase(customers, ada)).HasField("locked_until")
    ended = order_events.OrderCancelled(order_id="ord_1", house_id=DUTCH, performance_id="perf_1")
    await customers.tell_order(ended)
    await customers.heard()
    assert await customers.rows("SELECT locked_until_ms, sealed FROM erasures") == [(None, None)]
    assert not await customers.rows("SELECT * FROM locked_orders")


async def test_an_order_that_is_paid_after_the_erasure_stays_locked_as_long_as_any_other(
    customers: Customers, neighbours: Neighbours
) -> None:
    ada = await customers.customer(ADA)
    neighbours.orders.made.append(an_order("ord_1", ada, orders.ORDER_STATE_PAYING, paid_ms=PAID_MS))
    await erase(customers, ada)
    next_year = PAID_MS + 366 * 86_400_000
    sold = order_events.OrderConfirmed(
        order_id="ord_1", house_id=DUTCH, performance_id="perf_1", confirmed_at_ms=next_year
    )
    await customers.tell_order(sold)
    await customers.heard()
    [(until_ms, payment)] = await customers.rows("SELECT locked_until_ms, payment FROM erasures, locked_orders")
    assert (payment, until_ms) == ("paid", 2_051_218_800_000)
    assert not await customers.rows("SELECT * FROM purchases")


async def test_the_same_address_later_is_somebody_new_without_any_consent(customers: Customers) -> None:
    before = await person(customers)
    await erase(customers, before)
    after = await customers.customer(ADA)
    assert after != before
    assert not await customers.answers(after)


async def test_without_orders_nobody_is_erased_or_told_half(customers: Customers, neighbours: Neighbours) -> None:
    ada = await customers.customer(ADA)
    neighbours.orders.is_away = True
    for call in (
        customers.stub.EraseCustomer(pb.EraseCustomerRequest(house_id=DUTCH, customer_id=ada)),
        customers.stub.ExportCustomer(pb.ExportCustomerRequest(house_id=DUTCH, customer_id=ada)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert await customers.customer(ADA) == ada


async def test_while_old_orders_wait_for_their_customers_nobody_is_erased_or_told_half(
    customers: Customers, neighbours: Neighbours
) -> None:
    ada = await customers.customer(ADA)
    session = await customers.session(ADA)
    before = await customers.everything()
    neighbours.orders.old_ones_wait = True
    own = {"house_id": DUTCH, "session_secret": session}
    for call in (
        customers.stub.EraseCustomer(pb.EraseCustomerRequest(house_id=DUTCH, customer_id=ada)),
        customers.stub.ExportCustomer(pb.ExportCustomerRequest(house_id=DUTCH, customer_id=ada)),
        customers.stub.EraseOwnData(own_data_pb2.EraseOwnDataRequest(**own)),
        customers.stub.ExportOwnData(own_data_pb2.ExportOwnDataRequest(**own)),
    ):
        told = await refusal(call)
        assert told.reason == "OLD_ORDERS_WAITING"
        assert told.retry_after_ms
    assert await customers.everything() == before
    neighbours.orders.old_ones_wait = False
    neighbours.orders.made.append(an_order("ord_old", ada, orders.ORDER_STATE_CONFIRMED, paid_ms=PAID_MS))
    assert (await erase(customers, ada)).HasField("locked_until")
    assert ADA not in await customers.everything()


async def test_a_link_opens_once_within_its_time_and_in_its_house(customers: Customers, clock: ShiftedClock) -> None:
    await customers.customer(ADA)
    await customers.session(ADA)
    [secret] = customers.links(ADA, "own-data")

    async def told(house_id: str, tried: str) -> str:
        request = own_data_pb2.OpenCustomerLinkRequest(house_id=house_id, secret=tried)
        return (await refusal(customers.stub.OpenCustomerLink(request))).reason

    assert await told(DUTCH, secret) == "LINK_USED"
    assert await told(GERMAN, secret) == "LINK_UNKNOWN"
    await customers.stub.RequestCustomerLink(own_data_pb2.RequestCustomerLinkRequest(house_id=DUTCH, email=ADA))
    await eventually(lambda: len(customers.links(ADA, "own-data")) == 2)
    clock.forward(days=0.03)
    [late] = set(customers.links(ADA, "own-data")) - {secret}
    assert await told(DUTCH, late) == "LINK_EXPIRED"


async def test_a_customer_does_all_that_alone_and_the_session_ends_with_the_person(
    customers: Customers, clock: ShiftedClock
) -> None:
    await customers.customer(ADA)
    session = await customers.session(ADA)
    mine = own_data_pb2.GetOwnDataRequest(house_id=DUTCH, session_secret=session)
    own = (await customers.stub.GetOwnData(mine)).customer
    assert own.email_confirmed
    change = own_data_pb2.UpdateOwnDataRequest(house_id=DUTCH, session_secret=session, etag=own.etag)
    change.customer.name = "Ada King"
    change.update_mask.paths[:] = ["name"]
    assert (await customers.stub.UpdateOwnData(change)).customer.name == "Ada King"
    export = own_data_pb2.ExportOwnDataRequest(house_id=DUTCH, session_secret=session)
    assert b"Ada King" in (await customers.stub.ExportOwnData(export)).json
    elsewhere = own_data_pb2.GetOwnDataRequest(house_id=GERMAN, session_secret=session)
    assert (await refusal(customers.stub.GetOwnData(elsewhere))).reason == "SESSION_OVER"
    await customers.stub.EraseOwnData(own_data_pb2.EraseOwnDataRequest(house_id=DUTCH, session_secret=session))
    assert (await refusal(customers.stub.GetOwnData(mine))).reason == "SESSION_OVER"


async def test_a_session_is_over_by_time_and_by_its_end(customers: Customers, clock: ShiftedClock) -> None:
    await customers.customer(ADA)
    for ended in (False, True):
        session = await customers.session(ADA)
        if ended:
            end = own_data_pb2.EndCustomerSessionRequest(house_id=DUTCH, session_secret=session)
            await customers.stub.EndCustomerSession(end)
        else:
            clock.forward(days=0.1)
        mine = own_data_pb2.GetOwnDataRequest(house_id=DUTCH, session_secret=session)
        assert (await refusal(customers.stub.GetOwnData(mine))).reason == "SESSION_OVER"


async def test_an_address_that_nobody_has_is_answered_the_same_and_does_the_same_work(customers: Customers) -> None:
    await customers.customer(ADA)
    answers = [
        await customers.stub.RequestCustomerLink(own_data_pb2.RequestCustomerLinkRequest(house_id=DUTCH, email=email))
        for email in (ADA, "nobody@example.org")
    ]
    assert answers[0] == answers[1]
    # One letter each is written down and worked off where nobody waits for it.
    jobs = await customers.rows("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'letter'")
    assert jobs[0][0] >= 2
