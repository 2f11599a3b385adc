"""balcon.catalogue.v1.CatalogueService, posters of productions."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.production_messages import production_message
from services.catalogue.domain.poster import MEDIA_TYPE
from services.catalogue.handlers.posters import PosterHandler
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PosterCalls:
    """Stateless; everything lives in the handler."""

    _posters: PosterHandler

    async def SetPoster(self, request: pb.SetPosterRequest, context: Context) -> pb.SetPosterResponse:  # noqa: N802
        production = await self._posters.set(request.house_id, request.production_id, request.image, request.etag)
        return pb.SetPosterResponse(production=production_message(answered(production)))

    async def RemovePoster(self, request: pb.RemovePosterRequest, context: Context) -> pb.RemovePosterResponse:  # noqa: N802
        production = await self._posters.remove(request.house_id, request.production_id, request.etag)
        return pb.RemovePosterResponse(production=production_message(answered(production)))

    async def GetPoster(self, request: pb.GetPosterRequest, context: Context) -> pb.GetPosterResponse:  # noqa: N802
        shown = answered(
            await self._posters.image(request.house_id, request.production_id, request.width, request.version)
        )
        return pb.GetPosterResponse(
            version=shown.version,
            size=pb.PosterSize(width=shown.image.width, height=shown.image.height),
            media_type=MEDIA_TYPE,
            image=shown.image.content,
        )
