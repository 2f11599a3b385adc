"""The People of customers, over gRPC, on the service's own account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import grpc
from balcon.customers.v1 import consents_pb2 as pb
from balcon.customers.v1.consents_service_pb2_grpc import ConsentsServiceStub
from balcon.customers.v1.customers_events_pb2 import CONSENT_MEDIUM_EMAIL

from services.contracts.reasons import Reason
from services.contracts.wire_types import instant_ms, wire_instant
from services.integrations.mailchimp.domain.profile import Person
from services.integrations.mailchimp.ports.people import AskedConsent, CustomersSilent
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.customers.v1.consents_service_pb2_grpc import ConsentsServiceAsyncStub

_SYSTEM: Final = "MailChimp"


class GrpcPeople:
    """See People."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: ConsentsServiceAsyncStub = ConsentsServiceStub(channel)

    async def consented(
        self, house_id: str, customer_ids: Sequence[str], consent_ids: Sequence[str]
    ) -> Mapping[str, Person]:
        request = pb.ListConsentedRequest(house_id=house_id, customer_ids=customer_ids, consent_ids=consent_ids)
        try:
            with own_account():
                answer = await self._stub.ListConsented(request)
        except grpc.aio.AioRpcError as error:
            raise CustomersSilent(house_id=house_id) from error
        return {one.customer_id: _person(one) for one in answer.customers}

    async def take_back(self, house_id: str, customer_id: str, consent_ids: Sequence[str], said_at_ms: int) -> None:
        request = pb.WithdrawConsentsRequest(
            house_id=house_id,
            customer_id=customer_id,
            consent_ids=consent_ids,
            said_at=wire_instant(said_at_ms),
            system=_SYSTEM,
        )
        try:
            with own_account():
                await self._stub.WithdrawConsents(request)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is None or refusal.reason != Reason.CUSTOMER_NOT_FOUND:
                raise CustomersSilent(house_id=house_id) from error

    async def asked(self, house_id: str) -> Sequence[AskedConsent]:
        request = pb.ListConsentsRequest(house_id=house_id, include_archived=True)
        try:
            with own_account():
                answer = await self._stub.ListConsents(request)
        except grpc.aio.AioRpcError as error:
            raise CustomersSilent(house_id=house_id) from error
        return [
            AskedConsent(one.consent_id, one.texts[0].title, one.medium == CONSENT_MEDIUM_EMAIL, one.archived)
            for one in answer.consents
            if one.texts
        ]


def _person(wire: pb.ConsentedCustomer) -> Person:
    consents = {one.consent_id: instant_ms(one.confirmed_at) for one in wire.consents}
    return Person(wire.customer_id, wire.name, wire.email, wire.language, consents)
