"""balcon.catalogue.v1.CatalogueService, promotion codes."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.discount_messages import discount_message, promotion_code_message, promotion_code_of
from services.catalogue.domain.discount import PromotionCode
from services.catalogue.domain.kept import Kept
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.catalogue.handlers.promotions import CodesWish, PromotionHandler
from services.contracts.once import Asked
from services.contracts.promotions import code_of
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PromotionCodeCalls:
    """Stateless; everything lives in the handlers."""

    _promotion_codes: PriceThingHandler[PromotionCode]
    _promotions: PromotionHandler

    async def GeneratePromotionCodes(  # noqa: N802
        self, request: pb.GeneratePromotionCodesRequest, context: Context
    ) -> pb.GeneratePromotionCodesResponse:
        asked: Asked[list[Kept[PromotionCode]]] = asked_once(
            request,
            lambda made: pb.GeneratePromotionCodesResponse(promotion_codes=map(promotion_code_message, made)),
        )
        wish = CodesWish(request.discount_id, request.count, code_of(request.prefix), request.max_uses)
        made = await self._promotions.generate(asked, request.house_id, wish)
        return pb.GeneratePromotionCodesResponse.FromString(answered(made))

    async def FindPromotion(  # noqa: N802
        self, request: pb.FindPromotionRequest, context: Context
    ) -> pb.FindPromotionResponse:
        found = answered(await self._promotions.find(request.house_id, code_of(request.code), request.discount_id))
        return pb.FindPromotionResponse(
            discount=discount_message(found.discount),
            promotion_code=promotion_code_message(found.code) if found.code else None,
        )

    async def CreatePromotionCode(  # noqa: N802
        self, request: pb.CreatePromotionCodeRequest, context: Context
    ) -> pb.CreatePromotionCodeResponse:
        asked: Asked[Kept[PromotionCode]] = asked_once(
            request, lambda made: pb.CreatePromotionCodeResponse(promotion_code=promotion_code_message(made))
        )
        body, chosen = promotion_code_of(request.promotion_code), code_of(request.promotion_code.promotion_code_id)
        made = await self._promotion_codes.create(asked, request.house_id, chosen, body)
        return pb.CreatePromotionCodeResponse.FromString(answered(made))

    async def GetPromotionCode(  # noqa: N802
        self, request: pb.GetPromotionCodeRequest, context: Context
    ) -> pb.GetPromotionCodeResponse:
        found = await self._promotion_codes.get(request.house_id, code_of(request.promotion_code_id))
        return pb.GetPromotionCodeResponse(promotion_code=promotion_code_message(answered(found)))

    async def ListPromotionCodes(  # noqa: N802
        self, request: pb.ListPromotionCodesRequest, context: Context
    ) -> pb.ListPromotionCodesResponse:
        page = answered(
            await self._promotion_codes.page(
                request.house_id,
                request.page_size,
                request.page_token,
                include_archived=request.include_archived,
                having={"discount_id": request.discount_id},
            )
        )
        return pb.ListPromotionCodesResponse(
            promotion_codes=map(promotion_code_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdatePromotionCode(  # noqa: N802
        self, request: pb.UpdatePromotionCodeRequest, context: Context
    ) -> pb.UpdatePromotionCodeResponse:
        body, paths = promotion_code_of(request.promotion_code), tuple(request.update_mask.paths)
        change = ThingChange(code_of(request.promotion_code.promotion_code_id), body, paths, request.etag)
        changed = await self._promotion_codes.update(request.house_id, change)
        return pb.UpdatePromotionCodeResponse(promotion_code=promotion_code_message(answered(changed)))

    async def ArchivePromotionCode(  # noqa: N802
        self, request: pb.ArchivePromotionCodeRequest, context: Context
    ) -> pb.ArchivePromotionCodeResponse:
        archived = await self._promotion_codes.archive(
            request.house_id, code_of(request.promotion_code_id), request.etag
        )
        return pb.ArchivePromotionCodeResponse(promotion_code=promotion_code_message(answered(archived)))
