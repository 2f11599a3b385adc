"""Orders keep who buys and by whose hand they were made, as ids, and tell it in their events."""

from __future__ import annotations

from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderCreated
from balcon.types.v1.principal_pb2 import PRINCIPAL_KIND_STAFF

from services.orders.adapters.order_events import created, published
from services.orders.domain import changes
from services.orders.ports import OrderStore
from services.runtime.principal import PrincipalKind, PrincipalRef
from tests.contract.orders.stored import added, confirmed, ref_of
from tests.unit.orders.builders import an_order

TILL = PrincipalRef(PrincipalKind.STAFF, "prs_till")
BOUGHT = an_order(customer_id="cus_1", sold_by=TILL)


async def test_who_buys_and_who_sold_are_read_as_they_were_added(store: OrderStore) -> None:
    order = await added(store, BOUGHT)
    found = await store.get(ref_of(order))
    assert found is not None
    assert (found.customer_id, found.sold_by) == ("cus_1", TILL)


async def test_a_change_leaves_them_as_they_are(store: OrderStore) -> None:
    order = await confirmed(store, BOUGHT)
    found = await store.get(ref_of(order))
    assert found is not None
    assert (found.customer_id, found.sold_by) == ("cus_1", TILL)


async def test_an_order_from_before_they_were_kept_has_neither(store: OrderStore) -> None:
    order = await added(store)
    assert (order.customer_id, order.sold_by) == ("", None)
    assert await store.get(ref_of(order)) == order


def test_the_events_of_an_order_tell_who_buys_and_who_sold() -> None:
    made = OrderCreated.FromString(created(BOUGHT)[0].payload)
    sold = OrderConfirmed.FromString(published(BOUGHT, BOUGHT, [changes.OrderConfirmed((), 5)])[0].payload)
    for event in (made, sold):
        assert event.customer_id == "cus_1"
        assert (event.sold_by.kind, event.sold_by.subject) == (PRINCIPAL_KIND_STAFF, "prs_till")


def test_an_order_of_nobody_tells_nobody() -> None:
    assert not OrderCreated.FromString(created(an_order())[0].payload).HasField("sold_by")
