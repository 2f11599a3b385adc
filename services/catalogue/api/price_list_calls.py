"""balcon.catalogue.v1.CatalogueService, price lists and the prices that performances take."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.performance_messages import performance_message
from services.catalogue.api.price_list_messages import price_list_message, price_list_of
from services.catalogue.api.price_messages import prices_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.price_list import PriceList, WantedPrices
from services.catalogue.handlers.performance_prices import PerformancePrices
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PriceListCalls:
    """Stateless; everything lives in the handlers."""

    _price_lists: PriceThingHandler[PriceList]
    _performance_prices: PerformancePrices

    async def UpdatePerformancePrices(  # noqa: N802
        self, request: pb.UpdatePerformancePricesRequest, context: Context
    ) -> pb.UpdatePerformancePricesResponse:
        wanted = WantedPrices(prices_of(request.prices), request.price_list_id)
        changed = await self._performance_prices.update(request.house_id, request.performance_id, wanted, request.etag)
        return pb.UpdatePerformancePricesResponse(performance=performance_message(answered(changed)))

    async def CreatePriceList(  # noqa: N802
        self, request: pb.CreatePriceListRequest, context: Context
    ) -> pb.CreatePriceListResponse:
        asked: Asked[Kept[PriceList]] = asked_once(
            request, lambda made: pb.CreatePriceListResponse(price_list=price_list_message(made))
        )
        body, chosen = price_list_of(request.price_list), request.price_list.price_list_id
        made = await self._price_lists.create(asked, request.house_id, chosen, body)
        return pb.CreatePriceListResponse.FromString(answered(made))

    async def GetPriceList(  # noqa: N802
        self, request: pb.GetPriceListRequest, context: Context
    ) -> pb.GetPriceListResponse:
        found = await self._price_lists.get(request.house_id, request.price_list_id)
        return pb.GetPriceListResponse(price_list=price_list_message(answered(found)))

    async def ListPriceLists(  # noqa: N802
        self, request: pb.ListPriceListsRequest, context: Context
    ) -> pb.ListPriceListsResponse:
        page = answered(
            await self._price_lists.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListPriceListsResponse(
            price_lists=map(price_list_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdatePriceList(  # noqa: N802
        self, request: pb.UpdatePriceListRequest, context: Context
    ) -> pb.UpdatePriceListResponse:
        body, paths = price_list_of(request.price_list), tuple(request.update_mask.paths)
        change = ThingChange(request.price_list.price_list_id, body, paths, request.etag)
        changed = await self._price_lists.update(request.house_id, change)
        return pb.UpdatePriceListResponse(price_list=price_list_message(answered(changed)))

    async def ArchivePriceList(  # noqa: N802
        self, request: pb.ArchivePriceListRequest, context: Context
    ) -> pb.ArchivePriceListResponse:
        archived = await self._price_lists.archive(request.house_id, request.price_list_id, request.etag)
        return pb.ArchivePriceListResponse(price_list=price_list_message(answered(archived)))
