"""The Catalogue over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.catalogue.v1.performances_pb2 import Performance

from services.contracts.changes import revision_of
from services.contracts.reasons import Reason
from services.contracts.wire_types import instant_ms
from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.ports.catalogue import CatalogueSilent
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

_ABSENT = frozenset({Reason.PERFORMANCE_NOT_FOUND, Reason.PRODUCTION_NOT_FOUND, Reason.HOUSE_NOT_FOUND})


class GrpcCatalogue:
    """See Catalogue. On the service's own account: who may attach trackers need not read the catalogue."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: CatalogueServiceAsyncStub = CatalogueServiceStub(channel)

    async def show(self, house_id: str, performance_id: str) -> Show | None:
        """See Catalogue."""
        request = catalogue.GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        try:
            with own_account():
                answer = await self._stub.GetPerformance(request)
        except grpc.aio.AioRpcError as error:
            _none_of(error)
            return None
        return show_of(house_id, answer.performance)

    async def has_production(self, house_id: str, production_id: str) -> bool:
        """See Catalogue."""
        request = catalogue.GetProductionRequest(house_id=house_id, production_id=production_id)
        try:
            with own_account():
                await self._stub.GetProduction(request)
        except grpc.aio.AioRpcError as error:
            _none_of(error)
            return False
        return True


def show_of(house_id: str, wire: Performance) -> Show:
    """The performance of an answer or an event."""
    return Show(
        house_id=house_id,
        performance_id=wire.performance_id,
        production_id=wire.production_id,
        title=wire.title,
        starts_at_ms=instant_ms(wire.starts_at),
        revision=revision_of(wire.etag) or 0,
    )


def _none_of(error: grpc.aio.AioRpcError) -> None:
    """There is none. Raises CatalogueSilent for everything else that may have been meant."""
    refusal = refusal_of(error)
    if refusal is None or refusal.reason not in _ABSENT:
        raise CatalogueSilent(code=error.code().name) from error
