"""Customers are things of their own, of one house each: found or made by their address, changed, merged."""

from __future__ import annotations

import asyncio

from balcon.customers.v1 import customers_pb2 as pb
from balcon.customers.v1.customers_events_pb2 import CustomersMerged
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.customers.neighbours import DUTCH, GERMAN
from tests.integration.customers.stage import IDS, Customers, a_buyer


def creating(email: str, **more: str) -> pb.CreateCustomerRequest:
    return pb.CreateCustomerRequest(
        **{"idempotency_key": IDS.new_id("key"), "house_id": DUTCH, "name": "Ada Lovelace", "email": email, **more}
    )


def updating(customer: pb.Customer, **values: str) -> pb.UpdateCustomerRequest:
    change = pb.CustomerChange(customer_id=customer.customer_id, **values)
    return pb.UpdateCustomerRequest(
        house_id=customer.house_id, customer=change, update_mask=FieldMask(paths=[*values]), etag=customer.etag
    )


async def read(customers: Customers, customer_id: str, house_id: str = DUTCH) -> pb.Customer:
    answer = await customers.stub.GetCustomer(pb.GetCustomerRequest(house_id=house_id, customer_id=customer_id))
    return answer.customer


async def test_buyers_are_found_by_their_address_whatever_its_case_and_made_once(customers: Customers) -> None:
    one, other, again = await customers.identified(
        a_buyer("Ada@Example.org"), a_buyer("grace@example.org", name="Grace"), a_buyer("ada@example.ORG", name="Eve")
    )
    assert one.customer_id == again.customer_id != other.customer_id
    assert await customers.customer("ADA@example.org") == one.customer_id
    # A stranger who types the address changes nothing of who has it.
    assert (await read(customers, one.customer_id)).name == "Ada Lovelace"


async def test_batches_of_the_same_moment_make_each_buyer_once(customers: Customers) -> None:
    batches = await asyncio.gather(
        *(customers.identified(*(a_buyer(f"p{number}@example.org") for number in range(20))) for _ in range(5))
    )
    assert len({tuple(one.customer_id for one in batch) for batch in batches}) == 1
    assert await customers.rows("SELECT count(*) FROM customers") == [(20,)]


async def test_the_same_address_in_two_houses_is_two_customers_and_neither_is_seen_by_the_other(
    customers: Customers,
) -> None:
    here, there = await customers.customer("ada@example.org"), await customers.customer("ada@example.org", GERMAN)
    assert here != there
    request = pb.GetCustomerRequest(house_id=GERMAN, customer_id=here)
    assert (await refusal(customers.stub.GetCustomer(request))).reason == "CUSTOMER_NOT_FOUND"
    [unknown] = await customers.identified(pb.Buyer(ref="ord_1", customer_id=here), house_id=GERMAN)
    assert (unknown.customer_id, unknown.refused) == ("", "CUSTOMER_NOT_FOUND")


async def test_the_houses_people_write_customers_down_and_find_them(customers: Customers) -> None:
    made = (await customers.stub.CreateCustomer(creating("ada@example.org", phone="+31 20 123 4567"))).customer
    assert (made.phone, made.email_confirmed) == ("+31201234567", False)
    again = (await customers.stub.CreateCustomer(creating("ADA@example.org", name="Another"))).customer
    assert again == made
    by_email = pb.ListCustomersRequest(house_id=DUTCH, email="Ada@example.org")
    assert list((await customers.stub.ListCustomers(by_email)).customers) == [made]
    await customers.customer("grace@example.org")
    first = await customers.stub.ListCustomers(pb.ListCustomersRequest(house_id=DUTCH, page_size=1))
    rest = pb.ListCustomersRequest(house_id=DUTCH, page_size=1, page_token=first.next_page_token)
    second = await customers.stub.ListCustomers(rest)
    assert [one.email for one in (*first.customers, *second.customers)] == ["ada@example.org", "grace@example.org"]
    assert not second.next_page_token


async def test_all_that_is_wrong_with_a_customer_is_told_at_once(customers: Customers) -> None:
    bad = creating("nobody", name=" ", phone="0201234567", language="fr")
    told = await refusal(customers.stub.CreateCustomer(bad))
    assert {one.field for one in told.violations} == {"name", "email", "phone", "language"}


async def test_a_customer_is_changed_by_who_has_read_it(customers: Customers) -> None:
    made = (await customers.stub.CreateCustomer(creating("ada@example.org"))).customer
    after = (await customers.stub.UpdateCustomer(updating(made, name="Ada King", language="de"))).customer
    assert (after.name, after.language, after.email) == ("Ada King", "de", made.email)
    stale = await refusal(customers.stub.UpdateCustomer(updating(made, name="Somebody")))
    assert stale.reason == "ETAG_STALE"
    other = await customers.customer("grace@example.org")
    taken = await refusal(customers.stub.UpdateCustomer(updating(after, email="Grace@example.org")))
    assert (taken.reason, taken.facts["customer_id"]) == ("EMAIL_OF_ANOTHER", other)


async def test_two_records_of_one_person_become_one_and_both_ids_lead_to_it(customers: Customers) -> None:
    stays, goes = await customers.customer("ada@example.org"), await customers.customer("ada@work.example")
    request = pb.MergeCustomersRequest(house_id=DUTCH, customer_id=stays, merged_customer_id=goes)
    for _ in range(2):
        assert (await customers.stub.MergeCustomers(request)).customer.customer_id == stays
    assert await read(customers, goes) == await read(customers, stays)
    [found] = await customers.identified(pb.Buyer(ref="ord_1", customer_id=goes))
    assert found.customer_id == stays
    [told] = await customers.events()
    assert isinstance(told, CustomersMerged)
    assert (told.customer_id, told.merged_customer_id) == (stays, goes)
    itself = pb.MergeCustomersRequest(house_id=DUTCH, customer_id=stays, merged_customer_id=stays)
    assert (await refusal(customers.stub.MergeCustomers(itself))).reason == "FIELD_INVALID"
    nobody = pb.MergeCustomersRequest(house_id=DUTCH, customer_id=stays, merged_customer_id="cus_nobody")
    assert (await refusal(customers.stub.MergeCustomers(nobody))).reason == "CUSTOMER_NOT_FOUND"


async def test_no_act_and_no_event_names_a_person(customers: Customers) -> None:
    made = (await customers.stub.CreateCustomer(creating("ada@example.org"))).customer
    await customers.stub.UpdateCustomer(updating(made, name="Ada King"))
    told = await customers.rows("SELECT payload FROM outbox")
    assert len(told) == 2
    assert not [row for row in told if b"ada" in bytes(row[0]).lower()]


async def test_a_sale_that_is_told_while_its_buyer_is_erased_or_merged_leaves_nothing_of_who_is_gone(
    customers: Customers,
) -> None:
    stays, goes = await customers.customer("ada@example.org"), await customers.customer("ada@work.example")
    erased = await customers.customer("grace@example.org")

    async def told(order_id: str, customer_id: str, show: str, *meanwhile: str) -> None:
        """The sale comes as the last statements of that transaction are done, and before it ends."""
        async with customers.at_once() as connection:
            for statement in meanwhile:
                await connection.execute(text(statement))
            sale = asyncio.create_task(customers.bought(order_id, customer_id, show=show))

            async def has_come() -> bool:
                """It waits for this transaction, or has not waited."""
                waits = "datname = current_database() AND wait_event_type = 'Lock'"
                [(count,)] = await customers.rows(
                    f"SELECT (SELECT count(*) FROM pg_stat_activity WHERE {waits}) + (SELECT count(*) FROM purchases)"
                )
                return bool(count > before)

            [(before,)] = await customers.rows("SELECT count(*) FROM purchases")
            await eventually(has_come)
        await sale

    gone = "DELETE FROM customers WHERE customer_id = '{}'"
    await told("ord_1", erased, "perf_1", gone.format(erased))
    assert await customers.rows("SELECT * FROM purchases") == []
    leads = (
        f"INSERT INTO merged_customers (house_id, merged_customer_id, customer_id, merged_at_ms) "
        f"VALUES ('{DUTCH}', '{goes}', '{stays}', 1)"
    )
    await told("ord_2", goes, "perf_2", leads, gone.format(goes))
    assert await customers.rows("SELECT order_id, customer_id FROM purchases") == [("ord_2", stays)]
