"""The Names over gRPC: the catalogue's halls and offices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub

from services.contracts.bounds import MAX_PAGE_SIZE
from services.runtime.telemetry.logging import get_logger

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

_log = get_logger("names")


class GrpcNames:
    """See Names."""

    def __init__(self, to_catalogue: grpc.aio.Channel) -> None:
        self._catalogue: CatalogueServiceAsyncStub = CatalogueServiceStub(to_catalogue)

    async def halls(self, house_id: str) -> Mapping[str, str]:
        """See Names.halls."""
        found: dict[str, str] = {}
        request = catalogue.ListHallsRequest(house_id=house_id, page_size=MAX_PAGE_SIZE, include_archived=True)
        try:
            while True:
                page = await self._catalogue.ListHalls(request)
                found |= {hall.hall_id: hall.name for hall in page.halls}
                if not page.next_page_token:
                    return found
                request.page_token = page.next_page_token
        except grpc.aio.AioRpcError as error:
            _log.warning("names_untold", of="halls", house_id=house_id, code=error.code().name)
            return found

    async def offices(self, house_id: str) -> Mapping[str, str]:
        """See Names.offices."""
        found: dict[str, str] = {}
        request = catalogue.ListOfficesRequest(house_id=house_id, page_size=MAX_PAGE_SIZE, include_archived=True)
        try:
            while True:
                page = await self._catalogue.ListOffices(request)
                found |= {office.office_id: office.name for office in page.offices}
                if not page.next_page_token:
                    return found
                request.page_token = page.next_page_token
        except grpc.aio.AioRpcError as error:
            _log.warning("names_untold", of="offices", house_id=house_id, code=error.code().name)
            return found
