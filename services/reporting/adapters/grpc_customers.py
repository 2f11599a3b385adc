"""The Customers over gRPC, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import grpc
from balcon.customers.v1.customers_pb2 import ListCustomersRequest
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub

from services.contracts.bounds import MAX_PAGE_SIZE
from services.reporting.ports.customers import CustomerFacts
from services.reporting.ports.neighbours import NeighbourSilent

if TYPE_CHECKING:
    from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceAsyncStub


class GrpcCustomers:
    """See Customers."""

    def __init__(self, to_customers: grpc.aio.Channel) -> None:
        self._customers: CustomersServiceAsyncStub = CustomersServiceStub(to_customers)

    async def of(self, house_id: str) -> AsyncIterator[CustomerFacts]:
        """See Customers.of."""
        request = ListCustomersRequest(house_id=house_id, page_size=MAX_PAGE_SIZE)
        while True:
            try:
                page = await self._customers.ListCustomers(request)
            except grpc.aio.AioRpcError as error:
                raise NeighbourSilent(service="customers", code=error.code().name) from error
            for one in page.customers:
                yield CustomerFacts(one.customer_id, one.name, one.email, one.language)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
