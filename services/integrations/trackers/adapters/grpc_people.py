"""The People of customers, over gRPC and on the service's own account."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import grpc
from balcon.customers.v1.customers_pb2 import Customer, GetCustomerRequest
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub

from services.contracts.reasons import Reason
from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.ports.people import PeopleUnanswered
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceAsyncStub

# Questions under way at a time: the sale asks customers as well, and goes first.
_AT_ONCE: Final = 16


class GrpcPeople:
    """See People."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: CustomersServiceAsyncStub = CustomersServiceStub(channel)
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def of(self, house_id: str, customer_ids: Collection[str]) -> Mapping[str, Person]:
        asked = sorted(set(filter(None, customer_ids)))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {each: group.create_task(self._one(house_id, each)) for each in asked}
        except* PeopleUnanswered as errors:
            raise PeopleUnanswered(house_id=house_id) from errors
        found = {each: task.result() for each, task in tasks.items()}
        return {each: person for each, person in found.items() if person is not None}

    async def _one(self, house_id: str, customer_id: str) -> Person | None:
        async with self._places:
            try:
                with own_account():
                    answer = await self._stub.GetCustomer(
                        GetCustomerRequest(house_id=house_id, customer_id=customer_id)
                    )
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
                if refusal is not None and refusal.reason == Reason.CUSTOMER_NOT_FOUND:
                    return None
                raise PeopleUnanswered(house_id=house_id) from error
        return person_of(answer.customer)


def person_of(customer: Customer) -> Person:
    """A customer has one name, as people read it: its last word is taken for the family's, as shops' forms do."""
    given, _, family = customer.name.strip().rpartition(" ")
    return Person(
        email=customer.email,
        phone=customer.phone,
        given_name=given.strip(),
        family_name=family if given else "",
        customer_id=customer.customer_id,
    )
