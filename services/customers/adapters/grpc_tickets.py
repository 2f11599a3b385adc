"""The TicketsOfCustomers over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import grpc
from balcon.ticketing.v1.sold_tickets_pb2 import GetTicketsOfCustomersRequest, LetterOfCustomer, TicketOfCustomer
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceStub
from google.protobuf.json_format import MessageToDict

from services.customers.ports.tickets import TicketsUnanswered, ToldTickets
from services.runtime.call_context import own_account

if TYPE_CHECKING:
    from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceAsyncStub

_MOST: Final = 100


class GrpcTickets:
    """See TicketsOfCustomers. On the service's own account, as orders are asked."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: TicketingServiceAsyncStub = TicketingServiceStub(channel)

    async def of(self, house_id: str, customer_ids: Sequence[str]) -> ToldTickets:
        tickets: list[Mapping[str, Any]] = []
        letters: list[Mapping[str, Any]] = []
        for first in range(0, len(customer_ids), _MOST):
            some = customer_ids[first : first + _MOST]
            request = GetTicketsOfCustomersRequest(house_id=house_id, customer_ids=some)
            try:
                with own_account():
                    told = await self._stub.GetTicketsOfCustomers(request)
            except grpc.aio.AioRpcError as error:
                raise TicketsUnanswered(house_id=house_id) from error
            tickets += map(_told, told.tickets)
            letters += map(_told, told.letters)
        return ToldTickets(tickets, letters)


def _told(message: TicketOfCustomer | LetterOfCustomer) -> Mapping[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)
