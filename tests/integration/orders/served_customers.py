"""Customers as the orders service sees it over gRPC."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from balcon.customers.v1 import customers_service_pb2 as customers
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceServicer

from services.orders.adapters.memory_customers import MemoryCustomers
from services.orders.adapters.wire_forms import answer_of, wire_answer
from services.orders.ports import Buyer, Tick
from tests.integration.orders.trouble import Context, Trouble


class ServedCustomers(CustomersServiceServicer):
    """MemoryCustomers on the wire."""

    def __init__(self, twin: MemoryCustomers, trouble: Trouble) -> None:
        self.twin = twin
        self.trouble = trouble
        # How many buyers each call had.
        self.batches: list[int] = []

    async def KeepOrderAnswers(
        self, request: customers.KeepOrderAnswersRequest, context: Context
    ) -> customers.KeepOrderAnswersResponse:
        answers = [answer_of(one) for one in request.answers]
        await self.twin.keep_answers(request.house_id, request.order_id, request.customer_id, answers)
        return customers.KeepOrderAnswersResponse()

    async def GetOrderAnswers(
        self, request: customers.GetOrderAnswersRequest, context: Context
    ) -> customers.GetOrderAnswersResponse:
        found = await self.twin.answers(request.house_id, request.order_id)
        return customers.GetOrderAnswersResponse(answers=map(wire_answer, found))

    async def IdentifyCustomers(
        self, request: customers.IdentifyCustomersRequest, context: Context
    ) -> customers.IdentifyCustomersResponse:
        self.trouble.meet("IdentifyCustomers")
        self.batches.append(len(request.buyers))
        response = customers.IdentifyCustomersResponse()
        for one in request.buyers:
            buyer = Buyer(
                name=one.name,
                email=one.email,
                customer_id=one.customer_id,
                session=one.session_secret,
                ticks=tuple(Tick(tick.consent_id, tick.text_version) for tick in one.ticks),
            )
            found = await self.twin.identify(request.house_id, one.ref, buyer)
            if isinstance(found, str):
                response.customers.add(ref=one.ref, customer_id=found)
            else:
                response.customers.add(ref=one.ref, refused=found.reason.value)
        self.trouble.meet_after()
        return response
