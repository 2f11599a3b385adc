"""balcon.catalogue.v1.CatalogueService, discounts."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.discount_messages import discount_message, discount_of
from services.catalogue.domain.discount import Discount
from services.catalogue.domain.kept import Kept
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class DiscountCalls:
    """Stateless; everything lives in the handlers."""

    _discounts: PriceThingHandler[Discount]

    async def CreateDiscount(  # noqa: N802
        self, request: pb.CreateDiscountRequest, context: Context
    ) -> pb.CreateDiscountResponse:
        asked: Asked[Kept[Discount]] = asked_once(
            request, lambda made: pb.CreateDiscountResponse(discount=discount_message(made))
        )
        body, chosen = discount_of(request.discount), request.discount.discount_id
        made = await self._discounts.create(asked, request.house_id, chosen, body)
        return pb.CreateDiscountResponse.FromString(answered(made))

    async def GetDiscount(  # noqa: N802
        self, request: pb.GetDiscountRequest, context: Context
    ) -> pb.GetDiscountResponse:
        found = await self._discounts.get(request.house_id, request.discount_id)
        return pb.GetDiscountResponse(discount=discount_message(answered(found)))

    async def ListDiscounts(  # noqa: N802
        self, request: pb.ListDiscountsRequest, context: Context
    ) -> pb.ListDiscountsResponse:
        page = answered(
            await self._discounts.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListDiscountsResponse(
            discounts=map(discount_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdateDiscount(  # noqa: N802
        self, request: pb.UpdateDiscountRequest, context: Context
    ) -> pb.UpdateDiscountResponse:
        body, paths = discount_of(request.discount), tuple(request.update_mask.paths)
        change = ThingChange(request.discount.discount_id, body, paths, request.etag)
        changed = await self._discounts.update(request.house_id, change)
        return pb.UpdateDiscountResponse(discount=discount_message(answered(changed)))

    async def ArchiveDiscount(  # noqa: N802
        self, request: pb.ArchiveDiscountRequest, context: Context
    ) -> pb.ArchiveDiscountResponse:
        archived = await self._discounts.archive(request.house_id, request.discount_id, request.etag)
        return pb.ArchiveDiscountResponse(discount=discount_message(answered(archived)))
