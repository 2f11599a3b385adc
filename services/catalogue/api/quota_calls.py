"""balcon.catalogue.v1.CatalogueService, quotas and the capacity view."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.quota_messages import capacity_message, quota_message, quota_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.quota import Quota
from services.catalogue.handlers.capacity_view import CapacityViewHandler
from services.catalogue.handlers.price_things import ThingChange
from services.catalogue.handlers.quotas import QuotaHandler
from services.catalogue.ports.quotas import QuotaFilter
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class QuotaCalls:
    """Stateless; everything lives in the handlers."""

    _quotas: QuotaHandler
    _capacity: CapacityViewHandler

    async def CreateQuota(self, request: pb.CreateQuotaRequest, context: Context) -> pb.CreateQuotaResponse:  # noqa: N802
        asked: Asked[Kept[Quota]] = asked_once(request, lambda made: pb.CreateQuotaResponse(quota=quota_message(made)))
        made = await self._quotas.create(asked, request.house_id, request.quota.quota_id, quota_of(request.quota))
        return pb.CreateQuotaResponse.FromString(answered(made))

    async def GetQuota(self, request: pb.GetQuotaRequest, context: Context) -> pb.GetQuotaResponse:  # noqa: N802
        found = await self._quotas.get(request.house_id, request.quota_id)
        return pb.GetQuotaResponse(quota=quota_message(answered(found)))

    async def ListQuotas(self, request: pb.ListQuotasRequest, context: Context) -> pb.ListQuotasResponse:  # noqa: N802
        wanted = QuotaFilter(request.production_id, request.performance_id, request.include_archived)
        page = answered(await self._quotas.page(request.house_id, wanted, request.page_size, request.page_token))
        return pb.ListQuotasResponse(quotas=map(quota_message, page.things), next_page_token=page.next_page_token)

    async def UpdateQuota(self, request: pb.UpdateQuotaRequest, context: Context) -> pb.UpdateQuotaResponse:  # noqa: N802
        body, paths = quota_of(request.quota), tuple(request.update_mask.paths)
        change = ThingChange(request.quota.quota_id, body, paths, request.etag)
        changed = await self._quotas.update(request.house_id, change)
        return pb.UpdateQuotaResponse(quota=quota_message(answered(changed)))

    async def ArchiveQuota(self, request: pb.ArchiveQuotaRequest, context: Context) -> pb.ArchiveQuotaResponse:  # noqa: N802
        archived = await self._quotas.archive(request.house_id, request.quota_id, request.etag)
        return pb.ArchiveQuotaResponse(quota=quota_message(answered(archived)))

    async def GetCapacityView(  # noqa: N802
        self, request: pb.GetCapacityViewRequest, context: Context
    ) -> pb.GetCapacityViewResponse:
        page = answered(
            await self._capacity.page(
                request.house_id,
                request.production_id,
                (request.first_date, request.last_date),
                request.page_size,
                request.page_token,
            )
        )
        return pb.GetCapacityViewResponse(
            performances=map(capacity_message, page.shown), next_page_token=page.next_page_token
        )
