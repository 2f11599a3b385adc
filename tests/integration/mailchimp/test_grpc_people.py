"""An audience that has had many syncs: customers is asked as much at a time as it takes, and nobody is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from balcon.customers.v1 import consents_pb2 as pb
from balcon.customers.v1.consents_service_pb2_grpc import ConsentsServiceServicer, add_ConsentsServiceServicer_to_server

from services.contracts.wire_types import wire_instant
from services.customers.domain.consent import MAX_TICKS
from services.integrations.mailchimp.adapters.grpc_people import GrpcPeople

Context = grpc.aio.ServicerContext[Any, Any]
MANY = [f"cns_{number}" for number in range(2 * MAX_TICKS + 1)]


class Customers(ConsentsServiceServicer):
    """Takes as many consents as customers does; Ada has given each of them."""

    def __init__(self) -> None:
        self.taken_back: list[str] = []

    async def ListConsented(self, request: pb.ListConsentedRequest, context: Context) -> pb.ListConsentedResponse:  # noqa: N802
        await _checked(request, context)
        given = [pb.StandingConsent(consent_id=one, confirmed_at=wire_instant(5)) for one in request.consent_ids]
        return pb.ListConsentedResponse(customers=[pb.ConsentedCustomer(customer_id="cus_ada", consents=given)])

    async def WithdrawConsents(  # noqa: N802
        self, request: pb.WithdrawConsentsRequest, context: Context
    ) -> pb.WithdrawConsentsResponse:
        await _checked(request, context)
        self.taken_back += request.consent_ids
        return pb.WithdrawConsentsResponse()


async def _checked(request: pb.ListConsentedRequest | pb.WithdrawConsentsRequest, context: Context) -> None:
    if not 1 <= len(request.consent_ids) <= MAX_TICKS:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "consent_ids")


@pytest.fixture
async def asked() -> AsyncIterator[tuple[GrpcPeople, Customers]]:
    server, customers = grpc.aio.server(), Customers()  # type: ignore[abstract] # the rest is not asked
    add_ConsentsServiceServicer_to_server(customers, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield GrpcPeople(channel), customers
    await server.stop(0)


async def test_more_consents_than_customers_takes_at_once_are_asked_in_parts(
    asked: tuple[GrpcPeople, Customers],
) -> None:
    people, customers = asked
    found = await people.consented("hse_1", ["cus_ada"], MANY)
    assert found["cus_ada"].consents == dict.fromkeys(MANY, 5)
    await people.take_back("hse_1", "cus_ada", MANY, 7)
    assert customers.taken_back == MANY
