"""balcon.catalogue.v1.CatalogueService, pass kinds."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.pass_messages import pass_kind_message, pass_kind_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.pass_kind import PassKind
from services.catalogue.handlers.passes import PassHandler
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PassCalls:
    """Stateless; everything lives in the handlers."""

    _pass_kinds: PriceThingHandler[PassKind]
    _passes: PassHandler

    async def AddPassNumbers(  # noqa: N802
        self, request: pb.AddPassNumbersRequest, context: Context
    ) -> pb.AddPassNumbersResponse:
        added = await self._passes.add(request.house_id, request.pass_kind_id, request.numbers)
        return pb.AddPassNumbersResponse(added=answered(added))

    async def RemovePassNumbers(  # noqa: N802
        self, request: pb.RemovePassNumbersRequest, context: Context
    ) -> pb.RemovePassNumbersResponse:
        removed = await self._passes.remove(request.house_id, request.pass_kind_id, request.numbers)
        return pb.RemovePassNumbersResponse(removed=answered(removed))

    async def CheckPasses(self, request: pb.CheckPassesRequest, context: Context) -> pb.CheckPassesResponse:  # noqa: N802
        checked = answered(await self._passes.check(request.house_id, request.pass_kind_id, request.numbers))
        return pb.CheckPassesResponse(pass_keys=checked.keys, max_uses_per_performance=checked.max_uses_per_performance)

    async def CreatePassKind(  # noqa: N802
        self, request: pb.CreatePassKindRequest, context: Context
    ) -> pb.CreatePassKindResponse:
        asked: Asked[Kept[PassKind]] = asked_once(
            request, lambda made: pb.CreatePassKindResponse(pass_kind=pass_kind_message(made))
        )
        body, chosen = pass_kind_of(request.pass_kind), request.pass_kind.pass_kind_id
        made = await self._pass_kinds.create(asked, request.house_id, chosen, body)
        return pb.CreatePassKindResponse.FromString(answered(made))

    async def GetPassKind(  # noqa: N802
        self, request: pb.GetPassKindRequest, context: Context
    ) -> pb.GetPassKindResponse:
        found = await self._pass_kinds.get(request.house_id, request.pass_kind_id)
        return pb.GetPassKindResponse(pass_kind=pass_kind_message(answered(found)))

    async def ListPassKinds(  # noqa: N802
        self, request: pb.ListPassKindsRequest, context: Context
    ) -> pb.ListPassKindsResponse:
        page = answered(
            await self._pass_kinds.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListPassKindsResponse(
            pass_kinds=map(pass_kind_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdatePassKind(  # noqa: N802
        self, request: pb.UpdatePassKindRequest, context: Context
    ) -> pb.UpdatePassKindResponse:
        body, paths = pass_kind_of(request.pass_kind), tuple(request.update_mask.paths)
        change = ThingChange(request.pass_kind.pass_kind_id, body, paths, request.etag)
        changed = await self._pass_kinds.update(request.house_id, change)
        return pb.UpdatePassKindResponse(pass_kind=pass_kind_message(answered(changed)))

    async def ArchivePassKind(  # noqa: N802
        self, request: pb.ArchivePassKindRequest, context: Context
    ) -> pb.ArchivePassKindResponse:
        archived = await self._pass_kinds.archive(request.house_id, request.pass_kind_id, request.etag)
        return pb.ArchivePassKindResponse(pass_kind=pass_kind_message(answered(archived)))
