"""The People of customers, over gRPC, on the service's own account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
# As many as customers takes in one question. An audience may have had more: its archived syncs count as well.
MOST_CONSENTS: Final = 20


class GrpcPeople:
    """See People."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: ConsentsServiceAsyncStub = ConsentsServiceStub(channel)

    async def consented(
        self, house_id: str, customer_ids: Sequence[str], consent_ids: Sequence[str]
    ) -> Mapping[str, Person]:
        found: dict[str, Person] = {}
        for some in _in_parts(consent_ids):
            request = pb.ListConsentedRequest(house_id=house_id, customer_ids=customer_ids, consent_ids=some)
            try:
                with own_account():
                    answer = await self._stub.ListConsented(request)
            except grpc.aio.AioRpcError as error:
                raise CustomersSilent(house_id=house_id) from error
            for one in map(_person, answer.customers):
                known = found.get(one.customer_id)
                found[one.customer_id] = replace(one, consents={**(known.consents if known else {}), **one.consents})
        return found

    async def take_back(self, house_id: str, customer_id: str, consent_ids: Sequence[str], said_at_ms: int) -> None:
        for some in _in_parts(consent_ids):
            request = pb.WithdrawConsentsRequest(
                house_id=house_id,
                customer_id=customer_id,
                consent_ids=some,
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


def _in_parts(consent_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(consent_ids), MOST_CONSENTS):
        yield consent_ids[first : first + MOST_CONSENTS]


def _person(wire: pb.ConsentedCustomer) -> Person:
    consents = {one.consent_id: instant_ms(one.confirmed_at) for one in wire.consents}
    return Person(wire.customer_id, wire.name, wire.email, wire.language, consents)
