"""Trackers as main.py wires it: a visitor's steps and an order's events reach Meta's books, with the buyer's hashes."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from typing import Any

import grpc
from balcon.customers.v1.customers_pb2 import Customer, GetCustomerRequest, GetCustomerResponse
from balcon.customers.v1.customers_service_pb2_grpc import (
    CustomersServiceServicer,
    add_CustomersServiceServicer_to_server,
)
from balcon.trackers.v1 import trackers_pb2 as pb
from balcon.trackers.v1 import visits_pb2

from services.customers.domain.refusals import CustomerNotFound
from services.integrations.trackers.domain.hashing import sha256
from services.integrations.trackers.domain.steps import Step
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.doubles.meta import MetaDouble
from tests.integration.trackers.shows import Shows
from tests.integration.trackers.stage import ALL_CONSENTS, META, running_trackers

PIXEL, TOKEN = "123456789012345", "EAAG-a-token-of-meta-0123456789"
TRACES = visits_pb2.VisitTraces(
    ip_address="203.0.113.7", user_agent="Mozilla/5.0 (test)", page_url="https://shop.theatre.example/hamlet"
)
JANE = Customer(customer_id="cus_jane", name="Jane Doe", email="Jane.Doe@example.com", phone="+31612345678")


class OneCustomer(CustomersServiceServicer):
    """Customers of one: Jane."""

    async def GetCustomer(
        self, request: GetCustomerRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> GetCustomerResponse:
        if request.customer_id != JANE.customer_id:
            raise Refused(CustomerNotFound(request.customer_id))
        return GetCustomerResponse(customer=JANE)


async def test_a_purchase_reaches_meta_with_the_buyers_hashes_and_of_the_erased_nothing_does(
    database_url: DatabaseUrl, shows: Shows
) -> None:
    customers = RpcServer(clock=SystemClock(), ids=RandomIds())
    customers.add(
        lambda server: add_CustomersServiceServicer_to_server(OneCustomer(), server),  # type: ignore[abstract]
        "balcon.customers.v1.CustomersService",
    )
    await customers.start()
    async with MetaDouble(SystemClock().now_ms) as meta:
        meta.tokens[PIXEL] = TOKEN
        targets = {"meta_url": meta.url, "customers_target": f"127.0.0.1:{customers.port}"}
        async with running_trackers(database_url("trackers"), database_url(), shows, targets=targets) as trackers:
            await trackers.attached(META, credentials=pb.TrackerCredentials(access_token=TOKEN))
            for visit_id, order_id, customer_id in (("vis_1", "ord_1", "cus_jane"), ("vis_2", "ord_2", "cus_erased")):
                await trackers.visit(visit_id, *ALL_CONSENTS, traces=TRACES)
                await trackers.come_to(visit_id, Step.START)
                await trackers.come_to(visit_id, Step.DONE, order_id=order_id)
                await trackers.confirmed(order_id, customer_id=customer_id)

            async def all_settled() -> bool:
                rows = await trackers.rows("SELECT key, settled FROM outbound_dispatch ORDER BY key")
                return len(rows) == 4 and all(settled for _, settled in rows)

            await eventually(all_settled)
            dropped = await trackers.rows("SELECT key, note FROM outbound_dispatch WHERE settled = 'dropped'")
    await customers.stop(0)
    counted = meta.counted[PIXEL]
    assert sorted(name for name, _ in counted) == ["Purchase", "ViewContent", "ViewContent"]
    [purchase] = [event for (name, _), event in counted.items() if name == "Purchase"]
    assert purchase.event_id == "ord_1.Purchase"
    assert (purchase.user_data.em, purchase.user_data.fn, purchase.user_data.ln) == (
        sha256("jane.doe@example.com"),
        sha256("jane"),
        sha256("doe"),
    )
    assert dropped == [("ord_2.Purchase", "the customer was erased")]
